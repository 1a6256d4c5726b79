"""Schemas and engines, asked about the same values: both take the same."""

from __future__ import annotations

import json  # noqa: TID251 - values for another program
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from test_schema import RULES, describe

from purveyor import process

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

_TEXTS = [
    *(
        "",
        "a",
        "b",
        "ab",
        "abc",
        "root",
        "a.b",
        "a.bc",
        "axb",
        "x-db",
        "db",
        "-db",
        "A",
        "abcdefghij",
    ),
    *("123", "a b", "ä", "aab", "b-a", "aXb"),
]
_NUMBERS = [-2, -1, -0.5, 0, 0.5, 1, 1.5, 5, 8, 9.99, 10, 16, 19, 20, 20.5, 100, 101, 443, 65536]
_VALUES: dict[str, list[Any]] = {
    "string": _TEXTS,
    "number": _NUMBERS,
    "list(string)": [[], *([each] for each in _TEXTS), ["a", "a"], ["a", "b"], ["b", "c"]],
    "map(string)": [{}, {"a": "b"}, {"a": "1", "b": "2"}, {"a": "", "b": "", "c": ""}],
    "map(number)": [{}, *({key: each} for key in ("a", "A", "") for each in _NUMBERS)],
    "object({ days = optional(number, 7) })": [{"days": each} for each in _NUMBERS],
    "list(object({ port = number }))": [[], *([{"port": each}] for each in _NUMBERS)],
}


@pytest.mark.engine
@pytest.mark.one_engine
def test_a_schema_takes_what_the_engine_takes_and_nothing_else(
    engine: EngineBinary, tmp_path: Path
) -> None:
    questions: list[str] = []
    answers: list[list[bool]] = []
    for constraint, condition, _ in RULES:
        values = _VALUES[constraint]
        rule = f'validation {{\ncondition = {condition}\nerror_message = "No."\n}}'
        folder = tmp_path / str(len(answers))
        folder.mkdir()
        schema, untold = describe(folder, f"type = {constraint}\n{rule}")
        assert untold == []
        answers.append([Draft7Validator(schema).is_valid(each) for each in values])
        given = ", ".join(json.dumps(each) for each in values)
        asked = condition.replace("var.x", "v")
        questions.append(f"jsonencode([for v in [{given}] : {asked}])")
    done = process.run(
        process.Command(
            (str(engine.path), "console"),
            tmp_path,
            {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stdin="\n".join(questions),
        )
    )
    assert done.code == 0, done.stderr
    told = [json.loads(json.loads(line)) for line in done.stdout.splitlines()]
    assert len(told) == len(answers)
    wrong = [
        (condition, value, ours, theirs)
        for (constraint, condition, _), mine, other in zip(RULES, answers, told, strict=True)
        for value, ours, theirs in zip(_VALUES[constraint], mine, other, strict=True)
        if ours is not theirs
    ]
    assert wrong == []

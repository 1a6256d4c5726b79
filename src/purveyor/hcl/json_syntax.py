"""Reads what one file in the JSON syntax (*.tf.json) declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.declaration import Validation
from purveyor.hcl.constraints import read_constraint_text
from purveyor.hcl.drafts import CONSTANTS, Draft, FileReading
from purveyor.hcl.scanner import HclTextError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonValue


# simplejson ends at Python's limit of recursion, about 900 levels (measured, 3.20).
MAX_DEPTH = 500


def read_json(text: str) -> FileReading:
    """Give what the text declares; the JSON syntax has no lines for its blocks."""
    try:
        root = parse_json(text)
    except json_text.JsonTextError as error:
        return FileReading(
            faults=[HclTextError(error.problem, line=error.line, column=error.column)]
        )
    reading = FileReading()
    for part in root if isinstance(root, list) else [root]:
        if not isinstance(part, dict):
            reading.faults.append(HclTextError("the file needs an object at its top"))
            continue
        for kind in [each for each in CONSTANTS if each in part]:
            for name, body in _find_blocks(part[kind], kind, reading.faults):
                _read_body(Draft(kind=kind, name=name), body, reading)
        for name, group in _find_blocks(part.get("resource", {}), "resource", []):
            reading.resources += [f"{name}.{each}" for each in group]
    return reading


def parse_json(text: str) -> JsonValue:
    """Read a file's text; blocks of one kind may stand under a key each, and are one list then."""
    if text.startswith("\ufeff"):
        raise json_text.JsonTextError("a byte order mark, which the engines refuse in JSON")
    return json_text.parse(text, max_depth=MAX_DEPTH, join_repeated=True)


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _find_blocks(
    value: JsonValue, kind: str, faults: list[HclTextError]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """Walk the shapes that the JSON syntax allows: at each level an object or a list of them."""
    for group in _as_list(value):
        if not isinstance(group, dict):
            faults.append(HclTextError(f"{kind!r} needs an object with a key for each name"))
            continue
        for name, bodies in group.items():
            if name == "//":
                continue
            for body in _as_list(bodies):
                if isinstance(body, dict):
                    yield name, body
                elif body is not None:
                    faults.append(HclTextError(f"the {kind} {name[:60]!r} needs an object"))


def _read_body(draft: Draft, body: dict[str, JsonValue], reading: FileReading) -> None:
    reading.drafts.append(draft)
    for name, value in body.items():
        if (draft.kind, name) == ("variable", "type"):
            _read_type(draft, value, reading.faults)
        elif (draft.kind, name) == ("variable", "validation"):
            draft.validations += [
                _read_validation(e) for e in _as_list(value) if isinstance(e, dict)
            ]
        if name != "//":
            reading.take(draft, name, (value,) if name in CONSTANTS[draft.kind] else ())


def _read_validation(body: dict[str, JsonValue]) -> Validation:
    condition = str(body.get("condition", "")).removeprefix("${").removesuffix("}")
    return Validation(condition, str(body.get("error_message", "")))


def _read_type(draft: Draft, value: JsonValue, faults: list[HclTextError]) -> None:
    prefix = f"the type of {draft}"
    if not isinstance(value, str):
        faults.append(HclTextError(f"{prefix} needs a string"))
        return
    try:
        draft.type = read_constraint_text(value)
    except HclTextError as fault:
        faults.append(HclTextError(f"{prefix}: {fault.problem}"))

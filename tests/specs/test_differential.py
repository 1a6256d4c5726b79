"""Schemas and engines, asked about the same values: both take the same.

What an engine converts (`"5"` for a number, an attribute that nobody declared) a form does not
offer: there the schema has to take what becomes of it.
"""

from __future__ import annotations

import json  # noqa: TID251 - values for another program
import random
import re
import string
from dataclasses import dataclass, field
from pathlib import Path
from re import _parser as parser
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator
from test_schema import RULES
from test_vendor_shapes import LINK, TOPIC

from purveyor import json_text, process
from purveyor.declaration import Collection, Object, Primitive, Tuple, TypeConstraint
from purveyor.hcl import read_module
from purveyor.specs.schema import convert, describe_variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.declaration import Variable
    from purveyor.engines.binary import EngineBinary

EXAMPLES = Path(__file__).parents[2] / "examples"
_BLOCK = re.compile(r'^variable "(\w+)" \{(?:[^\n]*\}$|.*?^\})', re.MULTILINE | re.DOTALL)
_ELSEWHERE = re.compile(r"\b(?:local|data|module)\.")
_TEXTS = [
    *("", "a", "b", "ab", "abc", "root", "a.b", "a.bc", "axb", "x-db", "db", "-db", "A", "123"),
    *("abcdefghij", "a b", "ä", "aab", "b-a", "aXb", "${a}", "%{if}", "$a", 'a"b', "a\\b", "true"),
]
_NUMBERS = [-2, -1, -0.5, 0, 0.5, 1, 1.5, 5, 8, 9.75, 16, 20.5, 100, 65536]
_EDGES = [*_NUMBERS, 9.99, 10, 19, 20, 101, 443, 65535, 65537]
# For each rule's own variable, whatever else is guessed.
_ALWAYS: dict[str, list[Any]] = {
    "string": _TEXTS,
    "number": _EDGES,
    "list(string)": [[], *([each] for each in _TEXTS), ["a", "a"], ["a", "b"], ["b", "c"]],
    "map(string)": [{}, {"a": "b"}, {"a": "1", "b": "2"}, {"a": "", "b": "", "c": ""}],
    "map(number)": [{}, *({key: each} for key in ("a", "A", "") for each in _EDGES)],
    "object({ days = optional(number, 7) })": [{"days": each} for each in _EDGES],
    "list(object({ port = number }))": [[], *([{"port": each}] for each in _EDGES)],
}
_OTHERS: list[Any] = ["x", 1, True, [], {}, ["x"], {"x": 1}]
_BATCH = 500  # one plan takes as long for each of a thousand as for each of a hundred (measured)


@dataclass(frozen=True)
class Asked:
    """A variable, its schema, and what of its rules stands in no schema."""

    block: str
    variable: Variable
    schema: dict[str, Any]
    untold: list[str]


@dataclass
class Guess:
    """Values of a type, many of them just inside or outside of what its rules allow."""

    chance: random.Random
    texts: list[str] = field(default_factory=lambda: [*_TEXTS])
    numbers: list[float] = field(default_factory=lambda: [*_NUMBERS])

    def learn(self, schema: Any) -> None:
        """Take each value in a schema for a hint."""
        if isinstance(schema, dict):
            for each in schema.get("pattern", ""), *schema.get("propertyNames", {}).values():
                self.texts += [spell(str(each), self.chance) for _ in range(20) if each]
        if isinstance(schema, str):
            self.texts += [schema, schema[:-1], f"{schema}x", f"x{schema}", schema.upper()]
        elif isinstance(schema, int | float) and not isinstance(schema, bool):
            self.numbers += [schema, schema + 1, schema - 1, schema + 0.5]
            sizes = [size for size in (schema - 1, schema, schema + 1) if 0 < size < 300]
            self.texts += ["".join(self.chance.choices("abz09-", k=int(size))) for size in sizes]
        for each in schema.values() if isinstance(schema, dict) else []:
            self.learn(each)
        for each in schema if isinstance(schema, list) else []:
            self.learn(each)

    def value(self, constraint: TypeConstraint) -> Any:  # noqa: C901, PLR0911 - one for each type
        if self.chance.random() < 0.05:
            return self.chance.choice(_OTHERS)
        count = self.chance.choice([0, 1, 1, 2, 3])
        match constraint:
            case Primitive("number"):
                return self.chance.choice(self.numbers)
            case Primitive("bool"):
                return self.chance.choice([True, False])
            case Primitive():
                return self.chance.choice(self.texts)
            case Collection("map", element):
                keys = self.chance.choices([each for each in self.texts if each], k=count)
                return {key: self.value(element) for key in keys}
            case Collection(_, element):
                return [self.value(element) for _ in range(count)]
            case Tuple(elements):
                return [self.value(each) for each in elements]
            case Object(attributes):
                most = {n: self.value(each.type) for n, each in attributes.items()}
                most = {n: each for n, each in most.items() if self.chance.random() < 0.9}
                return most | ({"surplus": 1} if self.chance.random() < 0.1 else {})


def spell(pattern: str, chance: random.Random) -> str:
    """Return a text that fits a simple pattern, or nearly."""
    text = "".join(_spell(parser.parse(pattern), chance))
    at = chance.randrange(len(text) + 1)
    return text if chance.random() < 0.7 else text[:at] + chance.choice("aZ9_- ") + text[at + 1 :]


def _spell(parts: Any, chance: random.Random) -> Iterator[str]:
    for kind, rest in parts:
        match str(kind):
            case "LITERAL":
                yield chr(rest)
            case "IN":
                one = re.compile(_written(rest))
                yield chance.choice([c for c in string.printable[:95] if one.fullmatch(c)] or "-")
            case "MAX_REPEAT":
                for _ in range(chance.randint(rest[0], min(int(rest[1]), rest[0] + 12))):
                    yield from _spell(rest[2], chance)
            case "SUBPATTERN":
                yield from _spell(rest[3], chance)
            case "BRANCH":
                yield from _spell(chance.choice(rest[1]), chance)
            case _:  # an end, or what only a hint need not have
                pass


def _written(members: Any) -> str:
    """Write the inside of brackets as it was read."""
    written = "["
    for kind, rest in members:
        match str(kind):
            case "NEGATE":
                written += "^"
            case "LITERAL":
                written += re.escape(chr(rest))
            case "RANGE":
                written += f"{chr(rest[0])}-{chr(rest[1])}"
            case _:
                written += r"\w"
    return f"{written}]"


def ask_for(folder: Path, text: str) -> Iterator[Asked]:
    """Read the variables of a module's text that stand for themselves."""
    (folder / "read").mkdir(exist_ok=True)
    (folder / "read/main.tf").write_text(text)
    variables = read_module(folder / "read").variables
    for found in _BLOCK.finditer(text):
        name, block = found[1], found[0]
        others = set(re.findall(r"\bvar\.(\w+)", block)) - {name}
        if not others and not _ELSEWHERE.search(block):
            schema, untold = describe_variable(variables[name])
            plain = json.loads(json_text.write(schema))
            yield Asked(block, variables[name], plain, untold)


def all_variables(folder: Path) -> list[Asked]:
    """Return those of the examples, of the vendor's shapes, and one for each rule."""
    texts = [
        f'variable "x" {{\ntype = {constraint}\nvalidation {{\ncondition = {condition}\n'
        'error_message = "No."\n  }\n}\n'
        for constraint, condition, _ in RULES
    ]
    examples = sorted(EXAMPLES.glob("*/[ms]*s/**/*.tf"))
    texts += [TOPIC, LINK, *(each.read_text() for each in examples)]
    found = {each.block: each for text in texts for each in ask_for(folder, text)}
    return [each for each in found.values() if each.variable.type != Primitive("any")]


def refused(engine: EngineBinary, folder: Path, batch: list[tuple[Asked, Any]]) -> set[int]:
    """Have one plan judge all values; return which of them it does not take."""
    folder.mkdir()
    blocks = {asked.block: f"m{n}" for n, (asked, _) in enumerate(batch)}
    for block, name in blocks.items():
        (folder / name).mkdir()
        (folder / name / "main.tf").write_text(block)
    modules = [
        json.dumps({"source": f"./{blocks[asked.block]}", asked.variable.name: literal(value)})
        for asked, value in batch
    ]
    # A line each, after one in front: so the engine's answer tells which it means.
    lines = ",\n".join(f'"v{n}": {each}' for n, each in enumerate(modules))
    (folder / "main.tf.json").write_text('{"module": {\n' + lines + "\n}}")
    known = [
        {"Key": f"v{n}", "Source": f"./{blocks[a.block]}", "Dir": blocks[a.block]}
        for n, (a, _) in enumerate(batch)
    ]
    (folder / ".terraform/modules").mkdir(parents=True)
    root = {"Key": "", "Source": "", "Dir": "."}
    (folder / ".terraform/modules/modules.json").write_text(json.dumps({"Modules": [root, *known]}))
    done = process.run(
        process.Command(
            (str(engine.path), "plan", "-json", "-input=false"),
            folder,
            {"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        )
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    faults = [each["diagnostic"] for each in told if each["type"] == "diagnostic"]
    assert faults or done.code == 0, done.stderr
    return {_meant_by(each) for each in faults}


def _meant_by(fault: Any) -> int:
    """Return which value a fault is about: by its line, or by the module's name."""
    if fault["range"]["filename"] == "main.tf.json":
        return int(fault["range"]["start"]["line"]) - 2
    named = re.search(r"module\.v(\d+)\.", fault["detail"])
    assert named, fault
    return int(named[1])


def literal(value: Any) -> Any:
    """Return a value as JSON syntax has it: texts, keys too, are templates there."""
    if isinstance(value, dict):
        return {literal(key): literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [literal(each) for each in value]
    return re.sub(r"([$%])\{", r"\1\1{", value) if isinstance(value, str) else value


@pytest.mark.engine
@pytest.mark.one_engine
@pytest.mark.parametrize(
    "count", [200, pytest.param(10_000, marks=(pytest.mark.long, pytest.mark.timeout(600)))]
)
def test_a_schema_takes_what_the_engine_takes_and_nothing_else(
    engine: EngineBinary, tmp_path: Path, count: int
) -> None:
    asked = all_variables(tmp_path)
    always = {each.block: _ALWAYS[kind] for each, (kind, _, _) in zip(asked, RULES, strict=False)}
    values = [(each, value) for each in asked for value in always.get(each.block, [])]
    for number, each in enumerate(asked):
        guess = Guess(random.Random(number))  # noqa: S311 - the same values each time
        guess.learn(each.schema)
        many = range(count // len(asked) + 1)
        values += [(each, guess.value(each.variable.type)) for _ in many]
    taken = {True: 0, False: 0}
    wrong: list[Any] = []
    for start in range(0, len(values), _BATCH):
        batch = values[start : start + _BATCH]
        not_theirs = refused(engine, tmp_path / str(start), batch)
        for number, (each, value) in enumerate(batch):
            ours = Draft7Validator(each.schema).is_valid(value)
            theirs = number not in not_theirs
            taken[theirs] += 1
            if ours and not theirs and not each.untold:
                wrong.append(("too lax", each.block, value))
            if theirs and not ours:
                parsed = json_text.parse(json.dumps(value))
                became = json.loads(json_text.write(convert(parsed, each.variable.type)))
                if not Draft7Validator(each.schema).is_valid(became):
                    wrong.append(("too strict", each.block, value))
    assert wrong == []
    assert min(taken.values()) > len(values) / 10

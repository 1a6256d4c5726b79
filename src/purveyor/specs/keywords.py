"""Keywords of JSON Schema, added to what a schema requires already."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from purveyor.specs.patterns import UntranslatableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from purveyor.json_text import JsonObject, JsonValue

_LENGTHS = {"string": "Length", "array": "Items", "object": "Properties"}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, Decimal),
    "integer": (int, Decimal),
    "boolean": (bool,),
}


def inside(schema: JsonObject, name: str) -> JsonObject:
    inner = schema.get(name)
    if not isinstance(inner, dict):
        raise UntranslatableError
    return inner


def expect(schema: JsonObject, *types: str) -> None:
    if schema.get("type") not in types:
        raise UntranslatableError


def check_kind(schema: JsonObject, values: Sequence[JsonValue]) -> None:
    """Raise UntranslatableError for a constant that the engine would convert before it compares."""
    kinds = _KINDS.get(str(schema.get("type")), ())
    for each in values:
        if not isinstance(each, kinds) or isinstance(each, bool) != (kinds == (bool,)):
            raise UntranslatableError


def limit_length(schema: JsonObject, sign: str, limit: JsonValue) -> None:
    word = _LENGTHS.get(str(schema.get("type")))
    if word is None or not isinstance(limit, int) or isinstance(limit, bool):
        raise UntranslatableError
    if sign == "!=" and limit == 0:
        sign = ">"
    if sign in {">=", ">", "=="}:
        tighten(schema, f"min{word}", limit + (sign == ">"), up=True)
    if sign in {"<=", "<", "=="}:
        tighten(schema, f"max{word}", limit - (sign == "<"), up=False)
    if sign == "!=":
        raise UntranslatableError


def tighten(schema: JsonObject, word: str, value: JsonValue, *, up: bool) -> None:
    known = schema.get(word)
    if isinstance(known, int | Decimal) and isinstance(value, int | Decimal):
        value = max(known, value) if up else min(known, value)
    schema[word] = value


def add_pattern(schema: JsonObject, pattern: str) -> None:
    expect(schema, "string")
    add(schema, "pattern", pattern)


def add(schema: JsonObject, word: str, value: JsonValue) -> None:
    """Add a keyword, beside one that is there already."""
    if word not in schema:
        schema[word] = value
        return
    others = schema.setdefault("allOf", [])
    if isinstance(others, list):
        others.append({word: value})


def escape(text: str) -> str:
    return re.sub(r"[\^$\\.*+?()\[\]{}|/]", lambda found: f"\\{found[0]}", text)

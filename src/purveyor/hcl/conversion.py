"""Whether a constant can become a declared type, as both engines convert (measured).

`"5"` is a number and 5 a string, `"1"` a boolean and 1 none; objects lose what is not declared.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from purveyor.declaration import Collection, Object, Primitive, Tuple

if TYPE_CHECKING:
    from purveyor.declaration import TypeConstraint
    from purveyor.json_text import JsonValue

_NUMBER = re.compile(r"[+-]?(?:inf(?:inity)?|[0-9._]+(?:[ep][+-]?[0-9_]+)?)", re.IGNORECASE)
_BOOLEANS = frozenset({"true", "false", "1", "0"})


def find_mismatch(value: JsonValue, constraint: TypeConstraint, place: str = "the default") -> str:
    """Return where a value cannot become this type, without the value; empty when it may."""
    if value is None or (isinstance(constraint, Primitive) and _converts(value, constraint.name)):
        return ""
    parts = _pair(value, constraint)
    if parts is None:
        return f"{place} does not fit its type"
    found = (find_mismatch(each, inner, f"{place}{key}") for key, each, inner in parts)
    return next(filter(None, found), "")


def _pair(
    value: JsonValue, constraint: TypeConstraint
) -> list[tuple[str, JsonValue, TypeConstraint]] | None:
    """Give a value's parts with their types; None when it has not the type's shape."""
    match constraint, value:
        case Collection("map", element), dict():
            return [(f".{key}", each, element) for key, each in value.items()]
        case Collection("list" | "set", element), list():
            return [(f"[{number}]", each, element) for number, each in enumerate(value)]
        case (Tuple(elements), list()) if len(elements) == len(value):
            both = zip(value, elements, strict=True)
            return [(f"[{number}]", *each) for number, each in enumerate(both)]
        case Object(attributes), dict():
            known = {unicodedata.normalize("NFC", key): each for key, each in value.items()}
            wanted = {name for name, each in attributes.items() if not each.optional}
            pairs = [
                (f".{key}", known[key], each.type)
                for key, each in attributes.items()
                if key in known
            ]
            return pairs if wanted <= known.keys() else None
        case _:
            return None


def _converts(value: JsonValue, name: str) -> bool:
    if name == "any" or isinstance(value, dict | list):
        return name == "any"
    if name == "string":
        return True
    if isinstance(value, str):
        return value in _BOOLEANS if name == "bool" else bool(_NUMBER.fullmatch(value))
    return isinstance(value, bool) == (name == "bool")

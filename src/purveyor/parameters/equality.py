"""When two JSON values are the same: 1 and 1.0 are, 1 and true are not, NFC decides on text."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from purveyor.json_text import JsonValue


_SHAPES = {type(None): "null", bool: "bool", str: "string", list: "list", dict: "object"}


def shape_of(value: JsonValue) -> str:
    """Give the JSON type's name: null, bool, number, string, list or object."""
    return _SHAPES.get(type(value), "number")


def to_key(value: JsonValue) -> Hashable:
    """Give a hashable that two values share if, and only if, they are the same."""
    match value:
        case str():
            return normalise(value)
        case list():
            return ("list", tuple(to_key(item) for item in value))
        case dict():
            return (
                "object",
                frozenset((normalise(key), to_key(item)) for key, item in value.items()),
            )
        case _:
            return (shape_of(value), value)


def is_same(left: JsonValue, right: JsonValue) -> bool:
    return to_key(left) == to_key(right)


def normalise(text: str) -> str:
    """Give the text as the engines hold it: in Unicode's NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)

"""How values, types and places are written in a fault: short, escaped, and never a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.declaration import Collection, Object, Primitive

if TYPE_CHECKING:
    from decimal import Decimal

    from purveyor.declaration import TypeConstraint
    from purveyor.json_text import JsonValue

MAX_SHOWN = 60
_MAX_BITS = 199  # 60 digits; str() refuses an int of thousands
_MAX_NAMES = 12
_PLAIN_NAME = re.compile(r"[\w-]+")
_PRIMITIVES = {
    "string": "a string",
    "number": "a number",
    "bool": "true or false",
    "any": "any value",
}


def describe_value(value: JsonValue, *, secret: bool) -> str:
    """Say what was given: its shape, and short scalars as they are unless they are secret."""
    match value:
        case list():
            return f"a list of {count(len(value), 'item')}"
        case dict():
            return f"an object of {count(len(value), 'key')}"
        case str():
            if secret or len(value) > MAX_SHOWN:
                return f"a string of {count(len(value), 'character')}"
            return f'the string "{escape(value)}"'
        case None | bool():
            word = str(value).lower() if value is not None else "null"
            return "a bool" if secret and value is not None else word
        case _:
            return _describe_number(value, secret=secret)


def describe_type(constraint: TypeConstraint) -> str:
    """Say what is accepted at this place; deeper places have faults of their own."""
    match constraint:
        case Primitive():
            return _PRIMITIVES.get(constraint.name, "any value")
        case Collection(name="map"):
            return "an object"
        case Collection():
            return "a list"
        case Object():
            names = [escape(name) for name in constraint.attributes]
            more = ", …" if len(names) > _MAX_NAMES else ""
            listed = ", ".join(names[:_MAX_NAMES]) + more
            return f"an object with {listed}" if names else "an empty object"
        case _:
            return f"a list of {count(len(constraint.elements), 'item')}"


def escape(text: str) -> str:
    """Cut a foreign text to 60 characters and make everything unprintable visible."""
    cut = text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
    if cut.isprintable() and '"' not in cut and "\\" not in cut:
        return cut
    return "".join(_escape_character(character) for character in cut)


def join_key(path: str, key: str) -> str:
    """Extend a path by an object's key: `a.b`, or `a["b c"]` where the key is no plain name."""
    if _PLAIN_NAME.fullmatch(key):
        return f"{path}.{escape(key)}"
    return f'{path}["{escape(key)}"]'


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _describe_number(value: float | Decimal, *, secret: bool) -> str:
    if secret:
        return "a number"
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return f"a number of more than {MAX_SHOWN} digits"
    return f"the number {escape(str(value))}"


def _escape_character(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    point = ord(character)
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"  # noqa: PLR2004 - last of 4 digits

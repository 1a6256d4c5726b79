"""Reads type expressions, and tells whether a constant can become such a type."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from purveyor.declaration import Attribute, Collection, Object, Primitive, Tuple
from purveyor.hcl.literals import Cursor, NotLiteralError, read_literal
from purveyor.hcl.scanner import HclTextError, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.declaration import TypeConstraint
    from purveyor.hcl.scanner import Token
    from purveyor.json_text import JsonValue

_NUMBER = re.compile(r"[+-]?(?:inf(?:inity)?|[0-9._]+(?:[ep][+-]?[0-9_]+)?)", re.IGNORECASE)
_BOOLEANS = frozenset({"true", "false", "1", "0"})
_PRIMITIVES = frozenset({"string", "number", "bool", "any"})
_COLLECTIONS = frozenset({"list", "set", "map"})
_BARE = frozenset({"list", "map"})
_ACCEPTED = "string, number, bool, any, list(T), set(T), map(T), object({...}) or tuple([...])"


def find_mismatch(value: JsonValue, constraint: TypeConstraint, place: str = "the default") -> str:
    """Return where a value cannot become this type, without the value; empty when it may.

    As both engines convert (measured): `"5"` is a number and 5 a string, `"1"` a boolean and 1
    none; objects lose what is not declared.
    """
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


def read_constraint(tokens: Sequence[Token]) -> TypeConstraint:
    """Give the type that these tokens say; raise HclTextError when they say none."""
    place = tokens[0] if tokens else None
    try:
        cursor = Cursor(tokens)
        constraint = _read(cursor)
        cursor.skip_newlines()
        if cursor.peek():
            raise cursor.take().fault(f"this does not belong to a type; a type is {_ACCEPTED}")
    except (NotLiteralError, RecursionError):
        problem = f"this type is not complete; a type is {_ACCEPTED}"
        raise HclTextError(problem, offset=place.offset if place else -1) from None
    return constraint


def read_constraint_text(text: str) -> TypeConstraint:
    """Give the type that a JSON file's string says."""
    return read_constraint([token for token in scan(text).all if token.kind != "newline"])


def _read(cursor: Cursor) -> TypeConstraint:
    cursor.skip_newlines()
    token = cursor.take()
    name = token.text
    if name in _PRIMITIVES:
        return Primitive(name)
    if not cursor.skip("("):
        if name in _BARE:
            return Collection(name, Primitive("any"))
        raise token.fault(f"{name[:60]!r} is no type; a type is {_ACCEPTED}")
    if name in _COLLECTIONS:
        constraint: TypeConstraint = Collection(name, _read(cursor))
        cursor.skip(",")
    elif name == "object":
        constraint = Object(_read_attributes(cursor))
    elif name == "tuple":
        constraint = Tuple(_read_elements(cursor))
    else:
        raise token.fault(f"{name[:60]!r} is no type; a type is {_ACCEPTED}")
    if not cursor.skip(")"):
        raise token.fault(f"{name} takes one argument; a type is {_ACCEPTED}")
    return constraint


def _read_elements(cursor: Cursor) -> tuple[TypeConstraint, ...]:
    if not cursor.skip("["):
        raise NotLiteralError
    elements: list[TypeConstraint] = []
    while not cursor.skip("]"):
        elements.append(_read(cursor))
        cursor.skip(",")
    return tuple(elements)


def _read_attributes(cursor: Cursor) -> dict[str, Attribute]:
    if not cursor.skip("{"):
        raise NotLiteralError
    attributes: dict[str, Attribute] = {}
    while not cursor.skip("}"):
        token = cursor.take()
        if token.kind != "name":
            raise token.fault("an object type's attribute needs a name, without quotes")
        name = unicodedata.normalize("NFC", token.text)
        if not (cursor.skip("=") or cursor.skip(":")):
            raise token.fault(f"the attribute {name[:60]!r} needs a type")
        if name in attributes:
            raise token.fault(f"the attribute {name[:60]!r} stands twice in one object type")
        attributes[name] = _read_attribute(cursor)
        cursor.skip(",")
    return attributes


def _read_attribute(cursor: Cursor) -> Attribute:
    cursor.skip_newlines()
    if cursor.peek() != "optional":
        return Attribute(_read(cursor))
    cursor.take()
    if not cursor.skip("("):
        raise NotLiteralError
    constraint = _read(cursor)
    default: JsonValue = None
    if cursor.skip(","):
        default = _read_default(_take_default(cursor), constraint)
    elif not cursor.skip(")"):
        raise NotLiteralError
    return Attribute(constraint, optional=True, default=default)


def _take_default(cursor: Cursor) -> list[Token]:
    """Give an attribute's default, and step over the bracket that closes `optional`."""
    taken: list[Token] = []
    depth = 1
    while depth:
        taken.append(cursor.take())
        text = taken[-1].text
        depth += (text in {"(", "[", "{"}) - (text in {")", "]", "}"})
    return taken[:-1]


def _read_default(tokens: Sequence[Token], constraint: TypeConstraint) -> JsonValue:
    try:
        value = read_literal(tokens)
    except NotLiteralError:
        return None
    if mismatch := find_mismatch(value, constraint):
        raise tokens[0].fault(mismatch)
    return value

"""Reads HCL expressions as trees, for those who translate them; nothing is evaluated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from purveyor.hcl.literals import Cursor, NotLiteralError, read_literal
from purveyor.hcl.scanner import HclTextError, scan

if TYPE_CHECKING:
    from purveyor.json_text import JsonValue


@dataclass(frozen=True, slots=True)
class Constant:
    value: JsonValue


@dataclass(frozen=True, slots=True)
class Reference:
    path: tuple[str, ...]  # `var.size.disk` as ("var", "size", "disk")


@dataclass(frozen=True, slots=True)
class FunctionCall:
    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    sign: str  # `!` and `-` have one operand
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ForEach:
    """`[for key, value in collection : body]`; `key` is empty where one name stands."""

    key: str
    value: str
    collection: Expression
    body: Expression


Expression: TypeAlias = "Constant | Reference | FunctionCall | Operator | Listing | ForEach"

_T = TypeVar("_T")
# HCL's precedence, weakest first (hclsyntax's specification, "Operations").
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


class UnreadableError(ValueError):
    """An expression of a form that is not read: a condition, a splat, a template."""


def parse_expression(text: str) -> Expression:
    """Return the tree; raise UnreadableError."""
    try:
        tokens = [each for each in scan(text).all if each.kind != "newline"]
        cursor = Cursor(tokens)
        found = _read_level(cursor, 0)
    except (HclTextError, NotLiteralError, RecursionError):
        raise UnreadableError from None
    if cursor.peek():
        raise UnreadableError
    return found


def _read_level(cursor: Cursor, level: int) -> Expression:
    if level == len(_LEVELS):
        return _read_unary(cursor)
    found = _read_level(cursor, level + 1)
    while cursor.peek() in _LEVELS[level]:
        sign = cursor.take().text
        found = Operator(sign, (found, _read_level(cursor, level + 1)))
    return found


def _read_unary(cursor: Cursor) -> Expression:
    for sign in ("!", "-"):
        if cursor.skip(sign):
            operand = _read_unary(cursor)
            if sign == "-" and isinstance(operand, Constant):
                return Constant(read_literal(scan(f"-{operand.value}").all))
            return Operator(sign, (operand,))
    return _read_term(cursor)


def _read_term(cursor: Cursor) -> Expression:
    if cursor.skip("("):
        found = _read_level(cursor, 0)
        return _closed(cursor, ")", found)
    if cursor.skip("["):
        return _read_listing(cursor)
    token = cursor.take()
    if token.kind in {"number", "string"}:
        return Constant(read_literal([token]))
    if token.kind != "name":
        raise UnreadableError
    if token.text in {"true", "false", "null"}:
        return Constant(read_literal([token]))
    if cursor.skip("("):
        return FunctionCall(token.text, _read_items(cursor, ")"))
    path = [token.text]
    while cursor.skip("."):
        path.append(cursor.take().text)
    return Reference(tuple(path))


def _read_listing(cursor: Cursor) -> Expression:
    if not cursor.skip("for"):
        return Listing(_read_items(cursor, "]"))
    names = [cursor.take().text]
    if cursor.skip(","):
        names.append(cursor.take().text)
    if not cursor.skip("in"):
        raise UnreadableError
    collection = _read_level(cursor, 0)
    if not cursor.skip(":"):
        raise UnreadableError
    found = ForEach(names[0] if names[1:] else "", names[-1], collection, _read_level(cursor, 0))
    return _closed(cursor, "]", found)


def _read_items(cursor: Cursor, closer: str) -> tuple[Expression, ...]:
    items: list[Expression] = []
    while not cursor.skip(closer):
        items.append(_read_level(cursor, 0))
        if not cursor.skip(","):
            return _closed(cursor, closer, tuple(items))
    return tuple(items)


def _closed(cursor: Cursor, closer: str, found: _T) -> _T:
    if not cursor.skip(closer):
        raise UnreadableError
    return found

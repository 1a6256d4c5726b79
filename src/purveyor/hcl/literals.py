"""Reads constant HCL expressions as JSON values, numbers exact.

Simple ones are evaluated: `!false`, `1 == 1`, `"x ${1}"`.

Strings come out in Unicode's NFC, as the engines hold them (go-cty normalises every string).
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

from purveyor.hcl.scanner import HclTextError, Token, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.json_text import JsonValue

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|(\$\$|%%)\{")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
# Without braces, quotes and `~` inside, which take a whole parser.
_INTERPOLATION = re.compile(r"(?<!\$)\$\{([^{}~\"]*)\}")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_LAST_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


class NotLiteralError(ValueError):
    """The expression has to be evaluated, which only the engine can do."""


class Cursor:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._index = 0

    def peek(self) -> str:
        """Give the next token's text, empty at the end."""
        return self._tokens[self._index].text if self._index < len(self._tokens) else ""

    def take(self) -> Token:
        """Give the next token and step over it; raise NotLiteralError at the end."""
        if self._index >= len(self._tokens):
            raise NotLiteralError
        self._index += 1
        return self._tokens[self._index - 1]

    def skip_newlines(self) -> None:
        while self._index < len(self._tokens) and self._tokens[self._index].kind == "newline":
            self._index += 1

    def skip(self, sign: str) -> bool:
        """Step over this sign if it is next, line ends before it included."""
        self.skip_newlines()
        if self.peek() != sign:
            return False
        self._index += 1
        return True


def read_literal(tokens: Sequence[Token]) -> JsonValue:
    """Give the value of a constant; raise NotLiteralError for what only the engine evaluates.

    Raise HclTextError for a variable or a function: no engine takes one in a declaration.
    """
    cursor = Cursor(tokens)
    try:
        value = _read_comparison(cursor)
    except RecursionError:
        raise NotLiteralError from None
    cursor.skip_newlines()
    if cursor.peek():
        raise NotLiteralError
    return value


def read_string(token: Token) -> str:
    """Give a quoted string's value; a template keeps its text."""
    return unicodedata.normalize("NFC", read_label(token))


def read_label(token: Token) -> str:
    """Give a block label as it is spelt: the engines normalise values only."""
    return _ESCAPE.sub(_unescape, token.text[1:-1])


def _read_comparison(cursor: Cursor) -> JsonValue:
    value = _read_value(cursor)
    while (sign := cursor.peek()) in {"==", "!="}:
        cursor.take()
        other = _read_value(cursor)
        same = value == other and isinstance(value, bool) == isinstance(other, bool)
        value = same == (sign == "==")
    return value


def _read_value(cursor: Cursor) -> JsonValue:
    cursor.skip_newlines()
    token = cursor.take()
    match token.kind:
        case "number":
            return _read_number(token)
        case "string" | "heredoc":
            return _read_text(token)
        case "name":
            if token.text == "for":
                raise NotLiteralError
            if token.text not in _WORDS:
                raise token.fault("only a constant may stand here, no variable and no function")
            return _WORDS[token.text]
        case _:
            return _read_group(token, cursor)


def _read_group(token: Token, cursor: Cursor) -> JsonValue:
    match token.text:
        case "-":
            value = _read_value(cursor)
            if isinstance(value, bool) or not isinstance(value, int | Decimal):
                raise NotLiteralError
            return value.copy_negate() if isinstance(value, Decimal) else -value
        case "!" | "(":
            value = _read_value(cursor) if token.text == "!" else _read_comparison(cursor)
            if not (isinstance(value, bool) if token.text == "!" else cursor.skip(")")):
                raise NotLiteralError
            return not value if token.text == "!" else value
        case "[":
            return _read_list(cursor)
        case "{":
            return _read_object(cursor)
        case _:
            raise NotLiteralError


def _read_list(cursor: Cursor) -> JsonValue:
    items: list[JsonValue] = []
    while not cursor.skip("]"):
        items.append(_read_comparison(cursor))
        if not cursor.skip(","):
            if cursor.skip("]"):
                break
            raise NotLiteralError
    return items


def _read_object(cursor: Cursor) -> JsonValue:
    entries: dict[str, JsonValue] = {}
    while not cursor.skip("}"):
        key = _read_key(cursor)
        if not (cursor.skip("=") or cursor.skip(":")):
            raise NotLiteralError
        entries[key] = _read_comparison(cursor)
        cursor.skip(",")
    return entries


def _read_key(cursor: Cursor) -> str:
    token = cursor.take()
    if token.kind == "name":
        return unicodedata.normalize("NFC", token.text)
    if token.kind == "number":
        return token.text
    if token.kind == "string":
        text = _read_text(token)
        return str(text)
    raise NotLiteralError


def _read_number(token: Token) -> JsonValue:
    try:
        return int(token.text) if token.text.isdigit() else Decimal(token.text)
    except (ValueError, ArithmeticError):
        raise NotLiteralError from None


def _read_text(token: Token) -> JsonValue:
    if token.kind == "string":
        return _read_template(token) if _TEMPLATE.search(token.text) else read_string(token)
    body = token.text[token.text.index("\n") + 1 : token.text.rindex("\n") + 1]
    if _TEMPLATE.search(body):
        raise NotLiteralError
    if token.text.startswith("<<-"):
        body = _flush(body)
    body = body.replace("$${", "${").replace("%%{", "%{")
    return unicodedata.normalize("NFC", body)


def _read_template(token: Token) -> JsonValue:
    texts = _INTERPOLATION.split(token.text[1:-1])
    if any(_TEMPLATE.search(each) for each in texts[::2]):
        raise NotLiteralError
    try:
        values = [read_literal(scan(each).all) for each in texts[1::2]]
    except HclTextError as fault:
        raise token.fault(fault.problem) from None
    if texts[::2] == ["", ""]:
        return values[0]
    if not all(isinstance(each, bool | int | str) for each in values):
        raise NotLiteralError
    texts[::2] = [read_string(token._replace(text=f'"{each}"')) for each in texts[::2]]
    texts[1::2] = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
    return "".join(texts)


def _flush(body: str) -> str:
    """Take from every line the indent of the least indented one; blank lines do not count."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", body)
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    indent = min(indents, default=0)
    return "".join(line[indent:] if line.strip() else line for line in lines)


def _unescape(found: re.Match[str]) -> str:
    short, long, simple, marker = found.groups()
    if marker:
        return f"{marker[0]}{{"
    if simple:
        if simple not in _SIMPLE:
            raise HclTextError(f"\\{simple} is not an escape that a string may hold")
        return _SIMPLE[simple]
    point = int(short or long, 16)
    if point > _LAST_POINT or point in _SURROGATES:
        raise HclTextError("an escape names no Unicode character")
    return chr(point)

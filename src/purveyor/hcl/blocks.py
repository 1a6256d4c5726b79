"""Finds blocks and attributes among tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.hcl.literals import read_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.hcl.scanner import Token, Tokens


@dataclass(frozen=True, slots=True)
class Block:
    """One block; its body's tokens are `start` to `end` (exclusive)."""

    head: Token
    labels: tuple[Token, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name = expression`; the expression's tokens, newlines inside brackets included."""

    head: Token
    expression: tuple[Token, ...]


def find_items(tokens: Tokens, start: int, end: int) -> Iterator[Block | Assignment]:
    """Give the blocks and attributes that stand directly in this range of tokens."""
    index = start
    while index < end:
        head = tokens.all[index]
        if head.kind != "name":
            index = tokens.closers.get(index, index) + 1
            continue
        after = index + 1
        while after < end and tokens.all[after].kind in {"string", "name"}:
            after += 1
        sign = tokens.all[after].text if after < end else ""
        if sign == "{":
            closer = tokens.closers[after]
            yield Block(head, tokens.all[index + 1 : after], after + 1, closer)
            index = closer + 1
        elif sign == "=":
            stop = _end_of_expression(tokens, after + 1, end)
            yield Assignment(head, tokens.all[after + 1 : stop])
            index = stop
        else:
            index = after


def label_text(label: Token) -> str:
    """Give a block label without its quotes."""
    return read_label(label) if label.kind == "string" else label.text


def _end_of_expression(tokens: Tokens, start: int, end: int) -> int:
    index = start
    while index < end and tokens.all[index].kind != "newline":
        index = tokens.closers.get(index, index) + 1
    return min(index, end)

"""Reads what one file in HCL's native syntax declares."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.declaration import Validation
from purveyor.hcl.constraints import read_constraint
from purveyor.hcl.drafts import CONSTANTS, Draft, FileReading
from purveyor.hcl.literals import NotLiteralError, read_label, read_literal
from purveyor.hcl.scanner import HclDoubtError, HclTextError, Tokens, find_place, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.hcl.scanner import Token
    from purveyor.json_text import JsonValue


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
    return read_label(label) if label.kind == "string" else label.text


def _end_of_expression(tokens: Tokens, start: int, end: int) -> int:
    index = start
    while index < end and tokens.all[index].kind != "newline":
        index = tokens.closers.get(index, index) + 1
    return min(index, end)


def read_native(text: str, find_syntax_faults: Callable[[str], list[HclTextError]]) -> FileReading:
    """Give what the text declares; the parser is asked about syntax where the text is bounded."""
    # A byte order mark is for editors: the engines step over it, python-hcl2 does not.
    text = text.removeprefix("\ufeff")
    try:
        tokens = scan(text)
    except HclTextError as fault:
        return FileReading(faults=[fault.placed(text)])
    reading = FileReading()
    reading.faults += [HclDoubtError(tokens.excess)] if tokens.excess else find_syntax_faults(text)
    if all(isinstance(each, HclDoubtError) for each in reading.faults):
        _read_items(tokens, reading)
    for draft in reading.drafts:
        draft.line = find_place(text, draft.offset)[0]
    reading.faults = [fault.placed(text) for fault in reading.faults]
    return reading


def _read_items(tokens: Tokens, reading: FileReading) -> None:
    for item in find_items(tokens, 0, len(tokens.all)):
        if not isinstance(item, Block):
            continue
        if item.head.text in CONSTANTS:
            _read_block(item, tokens, reading)
        elif item.head.text == "resource":
            reading.resources.append(".".join(label_text(label) for label in item.labels))
        elif item.head.text == "terraform":
            for each in find_items(tokens, item.start, item.end):
                _read_setting(each, tokens, reading)


def _read_setting(item: Block | Assignment, tokens: Tokens, reading: FileReading) -> None:
    with suppress(HclTextError):  # the engine says it better
        if isinstance(item, Assignment):
            if item.head.text == "required_version":
                reading.required_versions += map(str, _evaluate(item))
        elif item.head.text == "backend" and item.labels:
            reading.backend["type"] = label_text(item.labels[0])
            inside = find_items(tokens, item.start, item.end)
            said = [each for each in inside if isinstance(each, Assignment)]
            reading.backend |= {e.head.text: value for e in said for value in _evaluate(e)}


def _read_block(block: Block, tokens: Tokens, reading: FileReading) -> None:
    kind = block.head.text
    if len(block.labels) != 1:
        reading.faults.append(block.head.fault(f"the block {kind} needs exactly one name"))
        return
    draft = Draft(kind=kind, name=label_text(block.labels[0]), offset=block.head.offset)
    reading.drafts.append(draft)
    for item in find_items(tokens, block.start, block.end):
        name = item.head.text
        constant: tuple[JsonValue, ...] = ()
        try:
            if isinstance(item, Assignment) and (kind, name) == ("variable", "type"):
                draft.type = read_constraint(item.expression)
            elif isinstance(item, Block) and (kind, name) == ("variable", "validation"):
                draft.validations.append(_read_validation(item, tokens))
            elif isinstance(item, Assignment) and name in CONSTANTS[kind]:
                constant = _evaluate(item)
        except HclTextError as fault:
            # OpenTofu evaluates variables in a source.
            if name != "source":
                placed = fault if fault.offset >= 0 else item.head.fault(fault.problem)
                reading.faults.append(placed)
        reading.take(draft, name, constant, item.head.offset)


def _read_validation(block: Block, tokens: Tokens) -> Validation:
    """Give the condition's text, on one line, and the message as far as it is constant."""
    inside = find_items(tokens, block.start, block.end)
    found = {each.head.text: each for each in inside if isinstance(each, Assignment)}
    condition, message = found.get("condition"), found.get("error_message")
    words = condition.expression if condition else ()
    said: tuple[JsonValue, ...] = ()
    with suppress(HclTextError):  # a message may name what was given
        said = _evaluate(message) if message else ()
    text = " ".join(each.text for each in words if each.kind != "newline")
    return Validation(text, str(said[0]) if said else "")


def _evaluate(item: Assignment) -> tuple[JsonValue, ...]:
    """Give the value; nothing where only the engine can evaluate it, as with `1 + 1`."""
    try:
        return (read_literal(item.expression),)
    except NotLiteralError:
        text = "".join(token.text for token in item.expression)
        return (text,) if item.head.text == "description" else ()

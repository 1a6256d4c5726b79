"""Reads what one file in HCL's native syntax declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.hcl.blocks import Assignment, Block, find_items, label_text
from purveyor.hcl.constraints import read_constraint
from purveyor.hcl.drafts import FLAGS, KINDS, Draft, Reading, read_flag, read_text
from purveyor.hcl.literals import NotLiteralError, read_literal
from purveyor.hcl.scanner import HclDoubtError, HclTextError, Tokens, find_place, scan

if TYPE_CHECKING:
    from collections.abc import Callable


def read_native(text: str, find_syntax_faults: Callable[[str], list[HclTextError]]) -> Reading:
    """Give what the text declares; the parser is asked about syntax where the text is bounded."""
    # A byte order mark is for editors: the engines step over it, python-hcl2 does not.
    text = text.removeprefix("\ufeff")
    try:
        tokens = scan(text)
    except HclTextError as fault:
        return Reading(faults=[fault.placed(text)])
    reading = Reading()
    reading.faults += [HclDoubtError(tokens.excess)] if tokens.excess else find_syntax_faults(text)
    if all(isinstance(each, HclDoubtError) for each in reading.faults):
        _read_items(tokens, reading)
    for draft in reading.drafts:
        draft.line = find_place(text, draft.offset)[0]
    reading.faults = [fault.placed(text) for fault in reading.faults]
    return reading


def _read_items(tokens: Tokens, reading: Reading) -> None:
    for item in find_items(tokens, 0, len(tokens.all)):
        if not isinstance(item, Block):
            continue
        if item.head.text in KINDS:
            _read_block(item, tokens, reading)
        elif item.head.text == "resource":
            reading.resources.append(".".join(label_text(label) for label in item.labels))
        elif item.head.text == "terraform":
            for each in find_items(tokens, item.start, item.end):
                if isinstance(each, Assignment) and each.head.text == "required_version":
                    reading.required_versions += filter(None, [_read_text(each)])


def _read_block(block: Block, tokens: Tokens, reading: Reading) -> None:
    kind = block.head.text
    if len(block.labels) != 1:
        reading.faults.append(block.head.fault(f"the block {kind} needs exactly one name"))
        return
    draft = Draft(kind=kind, name=label_text(block.labels[0]), offset=block.head.offset)
    reading.drafts.append(draft)
    for item in find_items(tokens, block.start, block.end):
        reading.take_name(draft, item.head.text, item.head.offset)
        if isinstance(item, Assignment):
            try:
                _read_assignment(item, draft)
            except HclTextError as fault:
                place = fault if fault.offset >= 0 else item.head.fault(fault.problem)
                reading.faults.append(place)


def _read_assignment(item: Assignment, draft: Draft) -> None:
    name = item.head.text
    if draft.kind == "module":
        draft.source = _read_text(item) if name == "source" else draft.source
    elif name == "type" and draft.kind == "variable":
        draft.type = read_constraint(item.expression)
    elif name == "default" and draft.kind == "variable":
        try:
            draft.default, draft.is_constant = read_literal(item.expression), True
        except NotLiteralError:
            # `1 + 1` is allowed here; only the engine can evaluate it, and it will.
            draft.default, draft.is_constant = None, False
    elif name == "description":
        draft.description = _read_text(item)
    elif name in FLAGS:
        draft.flags[name] = _read_flag(item)


def _read_text(item: Assignment) -> str:
    """Give a text, the expression itself where it has to be evaluated."""
    try:
        text = read_text(read_literal(item.expression))
    except NotLiteralError:
        return "".join(token.text for token in item.expression)
    if text is None:
        raise item.head.fault(f"{item.head.text} needs a text")
    return text


def _read_flag(item: Assignment) -> bool:
    try:
        flag = read_flag(read_literal(item.expression))
    except NotLiteralError:
        # Only the engine can evaluate it: what may be a secret is kept as one.
        return True
    if flag is None:
        raise item.head.fault(f"{item.head.text} needs true or false")
    return flag

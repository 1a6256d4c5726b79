"""Reads the variables and outputs of one file in HCL's native syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.hcl.blocks import Assignment, Block, find_items, label_text
from purveyor.hcl.constraints import read_constraint
from purveyor.hcl.drafts import FLAGS, KINDS, Draft, Reading, read_flag
from purveyor.hcl.literals import NotLiteralError, read_literal
from purveyor.hcl.scanner import HclTextError, Tokens, find_place, scan

if TYPE_CHECKING:
    from collections.abc import Callable


def read_native(text: str, find_syntax_faults: Callable[[str], list[HclTextError]]) -> Reading:
    """Give what the text declares; the parser is asked about syntax once the text is bounded."""
    try:
        tokens = scan(text)
    except HclTextError as fault:
        return Reading(drafts=(), faults=(fault.placed(text),))
    faults = find_syntax_faults(text)
    if faults:
        return Reading(drafts=(), faults=tuple(faults))
    drafts: list[Draft] = []
    for item in find_items(tokens, 0, len(tokens.all)):
        if isinstance(item, Block) and item.head.text in KINDS:
            drafts += _read_block(item, tokens, faults)
    for draft in drafts:
        draft.line = find_place(text, draft.offset)[0]
    return Reading(drafts=tuple(drafts), faults=tuple(fault.placed(text) for fault in faults))


def _read_block(block: Block, tokens: Tokens, faults: list[HclTextError]) -> list[Draft]:
    kind = block.head.text
    if len(block.labels) != 1:
        faults.append(block.head.fault(f"the block {kind} needs exactly one name"))
        return []
    draft = Draft(kind=kind, name=label_text(block.labels[0]), offset=block.head.offset)
    for item in find_items(tokens, block.start, block.end):
        if isinstance(item, Assignment):
            try:
                _read_assignment(item, draft)
            except HclTextError as fault:
                place = fault if fault.offset >= 0 else item.head.fault(fault.problem)
                faults.append(place)
    return [draft]


def _read_assignment(item: Assignment, draft: Draft) -> None:
    name = item.head.text
    is_variable = draft.kind == "variable"
    if name == "type" and is_variable:
        draft.type = read_constraint(item.expression)
    elif name == "default" and is_variable:
        draft.has_default = True
        try:
            draft.default = read_literal(item.expression)
        except NotLiteralError:
            # `1 + 1` is allowed here; only the engine can evaluate it, and it will.
            draft.default = None
    elif name == "description":
        draft.description = _read_description(item)
    elif name in FLAGS:
        draft.flags[name] = _read_flag(item)


def _read_description(item: Assignment) -> str:
    try:
        value = read_literal(item.expression)
    except NotLiteralError:
        raise item.head.fault("description needs a plain string") from None
    return value if isinstance(value, str) else ""


def _read_flag(item: Assignment) -> bool:
    try:
        flag = read_flag(read_literal(item.expression))
    except NotLiteralError:
        flag = None
    if flag is None:
        raise item.head.fault(f"{item.head.text} needs true or false")
    return flag

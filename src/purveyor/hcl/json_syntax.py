"""Reads the variables and outputs of one file in the JSON syntax (*.tf.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.hcl.constraints import read_constraint_text
from purveyor.hcl.drafts import FLAGS, KINDS, Draft, Reading, read_flag
from purveyor.hcl.scanner import HclTextError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonValue


def read_json(text: str) -> Reading:
    """Give what the text declares; the JSON syntax has no lines for its blocks."""
    try:
        root = json_text.parse(text.removeprefix("\ufeff"))
    except json_text.JsonTextError as error:
        fault = HclTextError(error.problem, line=error.line, column=error.column)
        return Reading(drafts=(), faults=(fault,))
    drafts: list[Draft] = []
    faults: list[HclTextError] = []
    for part in root if isinstance(root, list) else [root]:
        if not isinstance(part, dict):
            faults.append(HclTextError("the file needs an object at its top"))
            continue
        for kind in KINDS:
            for name, body in _find_blocks(part.get(kind), kind, faults):
                drafts.append(_read_body(Draft(kind=kind, name=name), body, faults))
    return Reading(drafts=tuple(drafts), faults=tuple(faults))


def _find_blocks(
    value: JsonValue, kind: str, faults: list[HclTextError]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """Walk the shapes that the JSON syntax allows: at each level an object or a list of them."""
    for group in value if isinstance(value, list) else [value]:
        if group is None:
            continue
        if not isinstance(group, dict):
            faults.append(HclTextError(f"{kind!r} needs an object with a key for each name"))
            continue
        for name, bodies in group.items():
            if name == "//":
                continue
            for body in bodies if isinstance(bodies, list) else [bodies]:
                if isinstance(body, dict):
                    yield name, body
                else:
                    faults.append(HclTextError(f"the {kind} {name[:60]!r} needs an object"))


def _read_body(draft: Draft, body: dict[str, JsonValue], faults: list[HclTextError]) -> Draft:
    where = f"the {draft.kind} {draft.name[:60]!r}"
    if draft.kind == "variable":
        draft.has_default = "default" in body
        draft.default = body.get("default")
        if "type" in body:
            _read_type(draft, body["type"], faults)
    description = body.get("description")
    draft.description = description if isinstance(description, str) else None
    for name in sorted(FLAGS & body.keys()):
        flag = read_flag(body[name])
        if flag is not None:
            draft.flags[name] = flag
        else:
            faults.append(HclTextError(f"{name} of {where} needs true or false"))
    return draft


def _read_type(draft: Draft, value: JsonValue, faults: list[HclTextError]) -> None:
    prefix = f"the type of the variable {draft.name[:60]!r}"
    if not isinstance(value, str):
        faults.append(HclTextError(f"{prefix} needs a string"))
        return
    try:
        draft.type = read_constraint_text(value)
    except HclTextError as fault:
        faults.append(HclTextError(f"{prefix}: {fault.problem}"))

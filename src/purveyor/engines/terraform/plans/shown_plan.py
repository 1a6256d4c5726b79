"""Reads a plan that the engine shows as JSON, which tells more than its stream."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.engines.terraform.plans.resource_types import find_openings
from purveyor.engines.terraform.stream import read_object
from purveyor.plan import AttributeChange, Change, Verb
from purveyor.redaction import MASK
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor

    _Pair: TypeAlias = "tuple[JsonValue, JsonValue]"  # before and after

_VERBS = {
    "no-op": (),
    **{each.value: (each,) for each in Verb},
    "delete,create": (Verb.REPLACE,),
    "create,delete": (Verb.REPLACE,),
    "forget,create": (Verb.FORGET, Verb.CREATE),
    "create,forget": (Verb.FORGET, Verb.CREATE),
}
_LATER = "(known after apply)"
_LONGEST = 80
# Fields that tell of no further change; `resource_changes` is read.
_KNOWN = frozenset(
    {
        *("format_version", "terraform_version", "timestamp", "variables", "configuration"),
        *("prior_state", "planned_values", "relevant_attributes", "checks", "applyable", "errored"),
        *("complete", "resource_changes", "resource_drift", "output_changes"),
    }
)


def read_plan(plan: JsonValue) -> tuple[list[Change], list[str]]:
    """Return what a shown plan would change, and the names of what in it is not understood."""
    fields = plan if isinstance(plan, dict) else {}
    resources = fields.get("resource_changes")
    if not isinstance(resources, list):
        return [], ["the plan itself"]
    changes: list[Change] = []
    unread = [f"the plan's {name}" for name, each in fields.items() if each and name not in _KNOWN]
    for each in resources:
        resource = each if isinstance(each, dict) else {}
        made = read_object(resource, "change")
        actions = made.get("actions")
        verbs = _VERBS.get(",".join(map(str, actions if isinstance(actions, list) else [])))
        if verbs is None:
            unread.append(f"the plan's {actions} of {resource.get('address')}")
        if made.get("importing"):
            name, kind = str(resource.get("address")), str(resource.get("type"))
            changes.append(Change(name, kind, Verb.IMPORT))
        changes += [_read_change(resource, made, verb) for verb in verbs or ()]
    return changes, unread


def read_planned_outputs(plan: JsonValue) -> dict[str, OutputValue]:
    """Return the outputs that are known before the plan is carried out."""
    fields = plan if isinstance(plan, dict) else {}
    told = read_object(read_object(fields, "planned_values"), "outputs")
    return {
        name: OutputValue(each["value"], sensitive=each.get("sensitive") is True)
        for name, each in told.items()
        if isinstance(each, dict) and "value" in each
    }


def add_details(
    changes: Iterable[Change], shown: Iterable[Change], redactor: Redactor
) -> Iterator[Change]:
    """Yield the stream's changes with what the shown plan tells of them.

    An engine does not mark what a provider works out from a sensitive value.
    """
    known = {(each.address, each.verb, each.deposed): each for each in shown}

    def shorten(text: str) -> str:
        clean = redactor.redact(text)  # before it is cut: half a secret is not recognised
        return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."

    for each in changes:
        more = known.get((each.address, each.verb, each.deposed), each)
        told = (
            AttributeChange(a.path, *map(shorten, (a.before, a.after))) for a in more.attributes
        )
        yield dataclasses.replace(more, attributes=tuple(told))


def _read_change(resource: JsonObject, made: JsonObject, verb: Verb) -> Change:
    paths = made.get("replace_paths")
    return Change(
        str(resource.get("address")),
        str(resource.get("type")),
        verb,
        tuple(map(_spell, paths)) if isinstance(paths, list) else (),
        deposed=bool(resource.get("deposed")),
        opened_by=find_openings(
            str(resource.get("type")), read_object(made, "before"), read_object(made, "after")
        ),
        attributes=tuple(
            _compare(
                (),
                (made.get("before"), made["after"]),
                made.get("after_unknown"),
                (made.get("before_sensitive"), made.get("after_sensitive")),
            )
        )
        if made.get("after") is not None
        else (),
    )


def _compare(
    path: tuple[str | int, ...],
    values: _Pair,
    unknown: JsonValue,
    hidden: _Pair,
) -> Iterator[AttributeChange]:
    """Yield what differs of a pair of values, before and after; both sides say what they hide."""
    before, after = values
    if True in hidden:
        if before != after or unknown is True:
            yield AttributeChange(_spell([*path]), MASK if before is not None else "", MASK)
    elif unknown is True:
        yield AttributeChange(_spell([*path]), _write(before, hidden), _LATER)
    elif keys := _list_keys(before, after, unknown):
        for key in keys:
            inner = [_enter(each, key) for each in (*values, unknown, *hidden)]
            yield from _compare((*path, key), (inner[0], inner[1]), inner[2], (inner[3], inner[4]))
    elif before != after:
        yield AttributeChange(_spell([*path]), _write(before, hidden), _write(after, hidden))


def _list_keys(*values: JsonValue) -> list[str | int]:
    """Return the names or numbers of what is inside; none where a value is a plain one."""
    if any(each is not None and not isinstance(each, (dict, list, bool)) for each in values):
        return []
    names = [name for each in values if isinstance(each, dict) for name in each]
    most = max((len(each) for each in values if isinstance(each, list)), default=0)
    return [*dict.fromkeys(names), *range(most)]


def _enter(value: JsonValue, key: str | int) -> JsonValue:
    if isinstance(value, dict):
        return value.get(str(key))
    if isinstance(value, list) and isinstance(key, int):
        return value[key] if key < len(value) else None
    return None


def _write(value: JsonValue, hidden: _Pair) -> str:
    if value is None:
        return ""
    inside = "true" in json_text.write([*hidden])
    return MASK if inside else json_text.write(value)


def _spell(path: JsonValue) -> str:
    steps = path if isinstance(path, list) else [path]
    return "".join(f".{s}" if isinstance(s, str) else f"[{s}]" for s in steps).lstrip(".")

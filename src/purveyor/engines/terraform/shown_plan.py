"""Reads a plan that the engine shows as JSON, which tells more than its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.engines.terraform.resource_types import find_openings
from purveyor.engines.terraform.stream import read_object
from purveyor.plan import Change, Verb
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

_VERBS = {
    "no-op": (),
    **{each.value: (each,) for each in Verb},
    "delete,create": (Verb.REPLACE,),
    "create,delete": (Verb.REPLACE,),
    "forget,create": (Verb.FORGET, Verb.CREATE),
    "create,forget": (Verb.FORGET, Verb.CREATE),
}
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
    )


def _spell(path: JsonValue) -> str:
    steps = path if isinstance(path, list) else [path]
    return "".join(f".{s}" if isinstance(s, str) else f"[{s}]" for s in steps).lstrip(".")

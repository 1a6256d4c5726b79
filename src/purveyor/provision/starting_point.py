"""Where an update or delete starts: at what was last applied, not at what the platform shows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.dataclass import dataclass
from purveyor.parameters import is_same
from purveyor.reporter.specification import is_editable, is_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import ActionContext
    from purveyor.attempt import EntityRecord
    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.journal import Capsule, Secrets
    from purveyor.json_text import JsonValue
    from purveyor.reporter import ActionSnapshot
    from purveyor.reporter.specification import Properties


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """What holds of an entity before the parameters of its action.

    `attributes` are the entity's own, as far as they may have been asked for. `remembered` and
    `applied` are what the last success was asked for and what it applied, None where nothing is
    remembered. `hidden` names what was set and can be told by nobody, `withheld` what was applied
    and is kept as a secret. `service_name` is the service's last known one. `notes` are for the
    log.
    """

    attributes: Mapping[str, JsonValue]
    remembered: Mapping[str, JsonValue] | None = None
    applied: Mapping[str, JsonValue] | None = None
    hidden: frozenset[str] = frozenset()
    withheld: tuple[str, ...] = ()
    service_name: str = ""
    notes: tuple[str, ...] = ()


def find_starting_point(
    context: ActionContext,
    record: EntityRecord,
    interface: ModuleInterface,
    snapshot: ActionSnapshot,
    *,
    step: str = "",
) -> StartingPoint:
    """Return what a step starts from; raise what the journal's store raises."""
    shown = read_attributes(context, snapshot)
    capsule = None if context.operation in _FIRST else record.recall_living(step)
    if capsule is None:
        return _start_from_platform(shown, interface, snapshot.specification)
    start = _start_from_memory(context, shown, capsule, record.recall_secrets(capsule, step))
    if context.operation is Operation.DELETE:
        return dataclasses.replace(start, remembered=start.applied)
    if capsule.asked is None:
        return dataclasses.replace(start, remembered=_guess_asked(shown, capsule, interface))
    return _add_foreign_changes(start, capsule, interface, snapshot.specification)


_FIRST = frozenset({Operation.CREATE, Operation.CUSTOM})


def read_attributes(context: ActionContext, snapshot: ActionSnapshot) -> Mapping[str, JsonValue]:
    """Return the entity's own attributes: the platform's present ones over the notification's."""
    now = snapshot.link_attributes if context.link else snapshot.service_attributes
    sent = context.entity.attributes
    # The platform's present view replaces a payload that may be a stale copy.
    return sent if now is None else {**sent, **now}


def _start_from_platform(
    shown: Mapping[str, JsonValue], interface: ModuleInterface, known: Properties | None
) -> StartingPoint:
    """Without a record attributes are all there is; what nobody may set is a result."""
    hidden = {
        name
        for name, value in shown.items()
        if value is None
        and name in interface.variables
        and _may_hide(interface.variables[name], known, name)
    }
    attributes = {
        name: value
        for name, value in shown.items()
        if known is None or name not in known or is_editable(known[name])
    }
    return StartingPoint(attributes, hidden=frozenset(hidden))


def _may_hide(variable: Variable, known: Properties | None, name: str) -> bool:
    if known is None:
        return variable.sensitive or variable.required
    return variable.sensitive or is_secret(known.get(name, {}))


def _start_from_memory(
    context: ActionContext, shown: Mapping[str, JsonValue], capsule: Capsule, secrets: Secrets
) -> StartingPoint:
    applied = {**capsule.variables, **secrets.variables}
    asked = {**(capsule.asked or {}), **secrets.asked}
    # Only what the catalog hands on by its name may become what is asked for.
    explicit = (capsule.outputs or {}).keys() & capsule.shown.keys()
    asked |= {name: capsule.shown[name] for name in explicit}
    update = context.operation is Operation.UPDATE and capsule.asked is not None
    return StartingPoint(
        shown,
        remembered=asked,
        applied=applied,
        hidden=frozenset(capsule.asked_secrets) - asked.keys()
        if update
        else frozenset(capsule.withheld) - applied.keys(),
        withheld=capsule.withheld,
        service_name=capsule.service_name,
    )


def _add_foreign_changes(
    start: StartingPoint, capsule: Capsule, interface: ModuleInterface, known: Properties | None
) -> StartingPoint:
    """Let an attribute win that is neither what was asked nor what we set: it was changed there."""
    changed: dict[str, JsonValue] = {}
    told: dict[str, JsonValue] = {}
    for name, value in start.attributes.items():
        schema = (known or {}).get(name, {})
        settable = name in interface.variables and (known is None or is_editable(schema))
        if value is None or not settable:
            continue
        if is_secret(schema) or name in start.withheld:
            told |= {name: value} if name in start.hidden else {}
            continue
        ours = [each[name] for each in (capsule.asked or {}, capsule.shown) if name in each]
        if not any(is_same(value, each) for each in ours):
            changed[name] = value
    notes = tuple(
        f"The attribute {name!r} was changed on the platform since the last success: its value"
        " there is used."
        for name in changed
    )
    return dataclasses.replace(
        start, remembered={**(start.remembered or {}), **changed, **told}, notes=notes
    )


def _guess_asked(
    shown: Mapping[str, JsonValue], capsule: Capsule, interface: ModuleInterface
) -> dict[str, JsonValue]:
    """Say for a capsule of an earlier release what was asked: an output's name is never trusted."""
    asked: dict[str, JsonValue] = {}
    for name, value in shown.items():
        if name in capsule.fixed or name not in interface.variables:
            continue
        result = name in interface.outputs and name not in (capsule.outputs or {})
        if value is not None and not (result and name in capsule.variables):
            asked[name] = value
        elif name in capsule.variables:
            asked[name] = capsule.variables[name]
    return asked

"""Where an entity's state lies, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.attempt import MarkedChange
from purveyor.errors import ParameterError, ReasonCode, RecoveryError
from purveyor.state_key import refuse_moved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.attempt import Attempt, EntityRecord, Places
    from purveyor.catalog import Recipe
    from purveyor.state_key import StateKey
    from purveyor.step import Recovery


@dataclass(frozen=True, slots=True)
class Work:
    """One action's own: where its entity's state lies, what is remembered, a private folder."""

    context: ActionContext
    recipe: Recipe
    places: Places
    key: StateKey
    recovery: Recovery
    record: EntityRecord
    attempt: Attempt
    workspace: Path
    # The keeper of the unsaved states of a further step.
    open_recovery: Callable[[str], Recovery]
    absence: str = ""  # why there is nothing to delete, where that is proven


def look_up(
    context: ActionContext,
    recipe: Recipe,
    places: Places,
    *,
    record: EntityRecord,
    attempt: Attempt,
    workspace: Path,
    key: StateKey | None,
) -> Work:
    """Find the entity's state; raise RecoveryError STATE_MISSING, or why the catalog is no help."""
    backend, begin = places.backend, attempt.begin
    name = f"{begin.action}@{begin.attempt}" if attempt.journal is not None else ""

    def open_recovery(step: str) -> Recovery:
        return places.open_recovery(begin.ref, name, step)

    recovery = open_recovery("")
    if key is None or attempt.begin.attempt > 1:  # an earlier one may have built it meanwhile
        key = backend.locate(context.entity)
    attempt.state_key = key.path if key.exists else ""
    refuse_moved(key, backend, context.entity)
    record.found = key.exists
    absence = ""
    if not key.exists and context.operation is not Operation.CREATE:
        change = MarkedChange(attempt, record, backend.access(key))
        absence = _explain_absence(context, key, recovery, change)
    if not absence and record.refusal is not None and record.capsule is None:
        raise record.refusal
    own = (record, attempt, workspace, open_recovery, absence)
    return Work(context, recipe, places, key, recovery, *own)


def _explain_absence(
    context: ActionContext, key: StateKey, recovery: Recovery, change: MarkedChange
) -> str:
    record = change.record
    if recovery.waiting():
        return ""
    if reason := record.explain_absence():
        if context.operation is Operation.DELETE:
            return reason
        raise ParameterError(
            f"The {context.kind} {context.entity.slug or context.entity.id} cannot be updated:"
            f" {reason}.",
            reason=ReasonCode.NOT_CREATED,
            hint="Create it first.",
        )
    change.rival()  # a lost run says more than a missing state
    if record.refusal is not None:
        raise record.refusal
    what = "destroyed" if context.operation is Operation.DELETE else "updated"
    raise RecoveryError(
        f"There is no state for {context.entity.kind} {context.entity.slug or context.entity.id},"
        f" so nothing can be {what}: whether it exists is unknown.",
        reason=ReasonCode.STATE_MISSING,
        details=(f"looked for {key.path}",),
        hint="Ask the platform team to restore the state from an earlier version, or, if nothing"
        " was ever created, to close this action by hand.",
    )

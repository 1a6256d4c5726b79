"""From what happened to an Outcome: its status, its reason and its one sentence."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.errors import CancelledError, ReasonCode
from purveyor.outcome import Outcome, Status, fail
from purveyor.plan import COUNTED, Verb, count_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.action import ActionContext
    from purveyor.errors import PurveyorError
    from purveyor.plan import Change
    from purveyor.provision.results import Results

_STOPPED = "was stopped, as asked,"
_DONE = {
    Operation.CREATE: "Created",
    Operation.UPDATE: "Updated",
    Operation.DELETE: "Deleted",
    Operation.CUSTOM: "Finished",
    Operation.ARCHIVE: "Archived",
    Operation.UNARCHIVE: "Unarchived",
}


def succeed(
    context: ActionContext,
    results: Results,
    *,
    changes: Sequence[Change] = (),
    state_key: str = "",
    counted: bool = True,
) -> Outcome:
    """Return a success's outcome; `counted` unless nobody knows how much has changed."""
    counted = counted and not context.operation.by_program
    moved = tuple(change for change in changes if change.verb in COUNTED)
    nothing = counted and context.operation is not Operation.DELETE and not moved
    forgotten = (change.address for change in moved if change.verb is Verb.FORGET)
    let_go = [f"{each} is no longer managed here; what it stood for exists." for each in forgotten]
    return Outcome(
        status=Status.SUCCESS,
        reason=ReasonCode.NOTHING_TO_DO if nothing else ReasonCode.DONE,
        exit_code=0,
        message=f"{_subject(context)}: {count_changes(moved)}."
        if counted or moved
        else f"{_subject(context)}.",
        details=(*let_go, *results.notes),
        results=results.public,
        secrets=results.secrets,
        changes=moved,
        state_key=state_key,
    )


def succeed_untouched(context: ActionContext) -> Outcome:
    stays = "no engine was started; all that exists, and its state, stays as it is"
    return Outcome(Status.SUCCESS, ReasonCode.DONE, 0, f"{_subject(context)}: {stays}.")


def succeed_absent(context: ActionContext, absence: str, *, state_key: str) -> Outcome:
    """Return the outcome of a delete that found nothing, where `absence` is proven."""
    entity = context.entity
    return Outcome(
        status=Status.SUCCESS,
        reason=ReasonCode.NOTHING_TO_DO,
        exit_code=0,
        message=f"There was nothing to delete for {entity.kind} {entity.slug or entity.id}:"
        f" {absence}.",
        state_key=state_key,
    )


def stop(error: PurveyorError, *, timed_out: bool) -> Outcome:
    """Return the outcome of a failed action; `timed_out`: its own time limit asked it to stop."""
    outcome = fail(error)
    if not timed_out or not isinstance(error, CancelledError):
        return outcome
    return dataclasses.replace(
        outcome,
        reason=ReasonCode.TIMED_OUT,
        message=f"The run reached its time limit. {error.message}",
        next_step=f"Give the run more time if it needs it. {error.hint}",
        told=error.told.replace(_STOPPED, "reached its time limit and was stopped"),
    )


def _subject(context: ActionContext) -> str:
    entity = context.entity
    name = entity.slug or entity.id
    if context.operation is Operation.CUSTOM:
        return f"Finished {context.specification.slug or context.slug} on {entity.kind} {name}"
    return f"{_DONE[context.operation]} {entity.kind} {name} ({entity.specification.slug})"

"""Whether an action may be carried out: by what the platform shows, or else by what we know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import PlatformError, ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.reporter.model import FINISHED, OPEN, UNAPPROVED
from purveyor.reporter.specification import find_secrets
from purveyor.step import Noticed

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.errors import PurveyorError
    from purveyor.redaction import Redactor
    from purveyor.reporter import ActionSnapshot, Reporter
    from purveyor.step import Listen

_SHOWN = 40


def admit(
    context: ActionContext,
    reporter: Reporter,
    *,
    redactor: Redactor,
    listen: Listen,
    fault: PurveyorError | None,
) -> ActionSnapshot | Outcome:
    """Return what the platform shows; for an action that is turned away, its ending.

    Nobody need be told that ending. Raise the CONTEXT's `fault` unless the action has ended, the
    snapshot's refusal, and STATUS_UNKNOWN for a status that may mean anything.
    """
    snapshot = read_snapshot(context, reporter, redactor, listen)
    status = snapshot.action_status
    # An id that a faulty CONTEXT only seems to have may well be unknown.
    if fault is not None and status not in FINISHED:
        raise fault
    if snapshot.refusal is not None:
        raise snapshot.refusal
    if status is None:
        status = context.status or "pending"
    if status in OPEN:
        return snapshot
    if status in UNAPPROVED:
        words = f"{UNAPPROVED[status]} Nothing was done."
        return Outcome(Status.FAILED, ReasonCode.NOT_APPROVED, 0, words)
    if status in FINISHED:
        ended = Status.SUCCESS if status == "success" else Status.FAILED
        words = f"The platform says that this action already ended ({status}): nothing was run."
        return Outcome(ended, ReasonCode.NOTHING_TO_DO, 0, words)
    raise PlatformError(
        f"The platform shows this action as {status[:_SHOWN]!r}, a status that this version of"
        " Purveyor does not know: nothing was done.",
        reason=ReasonCode.STATUS_UNKNOWN,
        hint="Look whether a newer version of Purveyor knows it.",
    )


def read_snapshot(
    context: ActionContext, reporter: Reporter, redactor: Redactor, listen: Listen
) -> ActionSnapshot:
    """Ask the platform; what its specification calls secret the redactor learns."""
    snapshot = reporter.read_snapshot(context)
    known = {**(snapshot.specification or {}), **(snapshot.parameters or {})}
    for values in (context.parameters, context.entity.attributes):
        for value in find_secrets(values, known):
            redactor.add_value(value)
    if snapshot.note:
        listen(Noticed(snapshot.level, snapshot.note))
    return snapshot

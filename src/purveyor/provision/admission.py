"""Whether an action may be carried out: by what the platform shows, or else by the notification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import PlatformError, ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.reporter.model import FINISHED, OPEN, UNAPPROVED

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.errors import PurveyorError
    from purveyor.reporter import ActionSnapshot

_SHOWN = 40


def turn_away(
    context: ActionContext, snapshot: ActionSnapshot, fault: PurveyorError | None = None
) -> Outcome | None:
    """Return the ending of an action that is not to be carried out, which nobody need be told.

    None for one that may be. Raise the CONTEXT's `fault` unless the action has ended, the
    standing's refusal, and STATUS_UNKNOWN for a status that we do not know: then nothing is done,
    since it may mean anything.
    """
    status = snapshot.action_status
    # An id that a faulty CONTEXT only seems to have may well be unknown.
    if fault is not None and status not in FINISHED:
        raise fault
    if snapshot.refusal is not None:
        raise snapshot.refusal
    if status is None:
        status = context.status or "pending"
    if status in OPEN:
        return None
    if status in UNAPPROVED:
        return Outcome(
            status=Status.FAILED,
            reason=ReasonCode.NOT_APPROVED,
            exit_code=0,
            message=f"{UNAPPROVED[status]} Nothing was done.",
        )
    if status in FINISHED:
        return Outcome(
            status=Status.SUCCESS if status == "success" else Status.FAILED,
            reason=ReasonCode.NOTHING_TO_DO,
            exit_code=0,
            message="The platform says that this action already ended"
            f" ({status}): nothing was run.",
        )
    raise PlatformError(
        f"The platform shows this action as {status[:_SHOWN]!r}, a status that this version of"
        " Purveyor does not know: nothing was done.",
        reason=ReasonCode.STATUS_UNKNOWN,
        hint="Look whether a newer version of Purveyor knows it.",
    )

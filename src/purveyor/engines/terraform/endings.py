"""How a run that failed is told: unsaved state first, then a wish to stop, then the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.engines.terraform.failures import MOST_DETAILS, explain
from purveyor.engines.terraform.rescue import UNSAVED, rescue_unsaved
from purveyor.errors import CancelledError, PurveyorError, RecoveryError

if TYPE_CHECKING:
    from purveyor.engines.terraform.program import Ran
    from purveyor.engines.terraform.session import Session

_LOCK_KEPT = "Error releasing the state lock"


_ABOUT_STATE = frozenset({"Failed to save state", "Failed to persist state to backend", _LOCK_KEPT})


def build_error(session: Session, ran: Ran, phase: str) -> PurveyorError:
    """Return the error to raise for a failed `ran`."""
    changing = phase in {"apply", "destroy"}
    if ran.code < 0 and changing:
        return _killed(ran, phase)
    if session.step.interruption.requested:
        return _cancelled(ran, phase, changing=changing)
    return explain(ran, phase, session.program.redactor)


def settle(session: Session, ran: Ran, phase: str) -> tuple[str, ...]:
    """Save what a failed change left unsaved, then raise its error.

    Return notes instead when all was done and only the state had not been saved, which it is now.
    Raise RecoveryError when it cannot be saved.
    """
    unsaved = session.step.module / UNSAVED
    if not unsaved.exists():
        raise build_error(session, ran, phase)
    summaries = {each.summary for each in ran.report.errors}
    try:
        note = rescue_unsaved(session, unsaved, lock_left=_LOCK_KEPT in summaries)
    except RecoveryError as error:
        cause = explain(ran, phase, session.program.redactor)
        error.details = (*error.details, cause.message, *cause.details)
        raise
    if summaries <= _ABOUT_STATE and not (ran.report.failed or ran.report.open):
        return (note,)
    failure = build_error(session, ran, phase)
    failure.details = (*failure.details, note)
    raise failure


def _killed(ran: Ran, phase: str) -> RecoveryError:
    return RecoveryError(
        f"The engine was ended by signal {-ran.code} in the middle of the {phase}: what exists may"
        " not be in the state, and the lock may remain.",
        details=_unfinished(ran),
        hint="Ask the platform team to compare the state with the cloud before the next run.",
    )


def _cancelled(ran: Ran, phase: str, *, changing: bool) -> CancelledError:
    if not changing:
        return CancelledError(
            f"Stopped during the {phase}, as asked: this step changed nothing.",
            hint="Start the action again when it is wanted.",
        )
    return CancelledError(
        f"Stopped during the {phase}, as asked: a part of it is done, and the state is saved.",
        details=_unfinished(ran),
        hint="Start the action again to finish it; what was in work may have to be looked at.",
    )


def _unfinished(ran: Ran) -> list[str]:
    lines = [f"{address} was being worked on" for address in ran.report.open]
    lines += [f"{address} was broken off" for address in ran.report.failed]
    return lines[:MOST_DETAILS]

"""Ending an action that no run took: taken in the journal first, so that no run can take it too."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.durations import tell_age
from purveyor.errors import EngineError, ReasonCode, RecoveryError
from purveyor.journal import Begin, Claimed, End, Ended, keep_outcome, recall_outcome
from purveyor.outcome import fail
from purveyor.reporter.model import FINISHED, WITHDRAWN
from purveyor.run_identity import SWEEP
from purveyor.sweep.lost_outcome import recall_context
from purveyor.sweep.model import SweptAction

if TYPE_CHECKING:
    from purveyor.errors import PurveyorError
    from purveyor.reporter import Reporter
    from purveyor.sweep.liveness import Judged
    from purveyor.sweep.model import Sweeper

_PENDING, _IN_PROGRESS = "pending", "in_progress"


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """An action that waits for nobody: what the journal will say, its status, and for how long.

    `begin` has no digest; `waited` is in seconds, None where that is not known any more.
    """

    begin: Begin
    status: str
    waited: float | None


def is_sweeps(judged: Judged) -> bool:
    """Tell whether a sweep took the action, which no run then works on."""
    return judged.attempted.begin.identity.ci == SWEEP


def end_unclaimed(found: Unclaimed, sweeper: Sweeper) -> SweptAction:
    """Take the action and end it; a run that takes it in that very moment keeps it."""
    reporter = sweeper.open_reporter()
    snapshot = reporter.read_snapshot(recall_context(found.begin))
    if not snapshot.asked:
        why = snapshot.refusal or "the platform was not reached"
        return _tell(found, f"left: {why}", needs_person=True)
    if snapshot.action_status not in {_PENDING, _IN_PROGRESS}:
        return _tell(found, f"left alone: the platform shows {snapshot.action_status} now")
    return _take(dataclasses.replace(found, status=snapshot.action_status), reporter, sweeper)


def resume(judged: Judged, sweeper: Sweeper) -> SweptAction:
    """End what a sweep took that was lost before it had ended it, unless a run has followed it."""
    begin = dataclasses.replace(judged.attempted.begin, at=sweeper.clock.now())
    found = Unclaimed(begin, "taken by a sweep", None)
    snapshot = sweeper.open_reporter().read_snapshot(recall_context(begin))
    if snapshot.action_status in {*FINISHED, WITHDRAWN}:
        if not sweeper.dry_run:
            sweeper.journal.mark_reported(begin)
        return _tell(found, f"closed: the platform shows {snapshot.action_status}", closed=True)
    return end_unclaimed(found, sweeper)


def _take(found: Unclaimed, reporter: Reporter, sweeper: Sweeper) -> SweptAction:
    end = _ending(found, at=sweeper.clock.now())
    if sweeper.dry_run:
        return _tell(found, f"would be ended as {end.reason}")
    # Only a sweep is followed, and it is asked for only after minutes of silence.
    claimed = sweeper.journal.claim(found.begin, is_dead=lambda identity: identity.ci == SWEEP)
    if isinstance(claimed, Ended) and claimed.reported:
        # Another sweep was faster, and the claim has put the action on the list again.
        sweeper.journal.forget(claimed.begin.action, attempt=claimed.begin.attempt)
    if not isinstance(claimed, Claimed):
        return _tell(found, "left alone: a run has taken it meanwhile")
    begin, found = claimed.begin, dataclasses.replace(found, begin=claimed.begin)
    if not sweeper.journal.end(begin, end) or sweeper.journal.is_followed(begin):
        return _tell(found, "left: it moved meanwhile")
    delivery = reporter.end(recall_context(begin), recall_outcome(end))
    if not delivery.delivered:
        why = " ".join(delivery.notes)
        return _tell(found, f"the platform has not heard it: {why}", needs_person=True)
    sweeper.journal.close(begin)
    return _tell(found, f"reported as {end.status} ({end.reason})", closed=True)


def _ending(found: Unclaimed, *, at: float) -> End:
    waited = "long" if found.waited is None else f"for {tell_age(found.waited)}"
    if found.status == _IN_PROGRESS:
        error: PurveyorError = RecoveryError(
            f"This action was shown as in progress {waited} without a word, and no run that is"
            " known carries it out.",
            reason=ReasonCode.RUNNER_LOST,
            hint="Look at the CI's runs of that time and at what exists, then start the action"
            " again.",
        )
    else:
        error = EngineError(
            f"This action has waited {waited} and no run took it: its pipeline never started, or"
            " was lost before it began. Nothing was changed.",
            reason=ReasonCode.RUN_NOT_STARTED,
            hint="Look whether the pipeline is there and has a runner, then start the action"
            " again.",
        )
    outcome = dataclasses.replace(fail(error), run_url=found.begin.identity.url)
    return keep_outcome(outcome, at=at)


def _tell(
    found: Unclaimed, done: str, *, closed: bool = False, needs_person: bool = False
) -> SweptAction:
    begin = found.begin
    waited = f" for {tell_age(found.waited)}" if found.waited is not None else ""
    return SweptAction(
        action=begin.action,
        attempt=begin.attempt,
        kind=begin.kind,
        entity=begin.entity,
        slug=begin.slug,
        found=f"{found.status}{waited}, and no run took it",
        done=done,
        age=found.waited,
        closed=closed,
        needs_person=needs_person,
    )

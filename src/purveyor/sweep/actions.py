"""Open actions: those whose runner died get an ending, those that are closed leave the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.durations import tell_age
from purveyor.journal import Answer, keep_outcome, recall_outcome, refuse
from purveyor.reporter.model import FINISHED, WITHDRAWN
from purveyor.sweep.liveness import Judged, Liveness, judge
from purveyor.sweep.lost_outcome import end_lost, recall_context
from purveyor.sweep.model import SweptAction

if TYPE_CHECKING:
    from purveyor.journal import AttemptRecord, End
    from purveyor.reporter import ActionSnapshot
    from purveyor.sweep.model import Sweeper

# A marker without a begin is left by a run that died between the two, or is a moment old.
_EMPTY_AFTER = 3600.0


def find(action: str, sweeper: Sweeper) -> Judged | SweptAction:
    """Read one open action; a finding at once where there is no attempt to judge."""
    found = sweeper.journal.last(action)
    if found is not None:
        return judge(found, sweeper)
    age = sweeper.journal.opened_ago(action)
    if age is not None and age >= _EMPTY_AFTER:
        if not sweeper.dry_run:
            sweeper.journal.forget(action, attempt=0)
        return SweptAction(action, 0, "never begun", "taken off the list", age=age)
    return SweptAction(action, 0, "not begun yet", "left alone", age=age)


def report_end(found: AttemptRecord, sweeper: Sweeper) -> SweptAction:
    """Tell the platform the end that an attempt has got."""
    return _report(judge(found, sweeper), found.end, sweeper)


def settle(judged: Judged, sweeper: Sweeper) -> SweptAction:
    """Give an action its ending, where it is certain that it has none or is not heard."""
    match judged.liveness:
        case Liveness.AT_WORK:
            return _limit(judged, sweeper)
        case Liveness.CLOSED:
            return _tell(judged, "taken off the list", closed=True)
        case Liveness.DEAD:
            return _close_lost(judged, sweeper)
        case Liveness.UNREPORTED:
            return _report(judged, judged.attempted.end, sweeper)
        case Liveness.PARKED:
            return _settle_parked(judged, sweeper)
        case Liveness.UNKNOWN:
            return _doubt(judged, sweeper)


def _limit(judged: Judged, sweeper: Sweeper) -> SweptAction:
    """Cancel a run that takes too long: it ends in order, or the next sweep finds it dead."""
    begin, words = judged.attempted.begin, f"at work: {judged.run.conclusion}"
    age = sweeper.journal.opened_ago(begin.action)
    if sweeper.cancel_after is None or age is None or age < sweeper.cancel_after:
        return _tell(judged, "left alone", found=words)
    words = f"at work for {tell_age(age)}"
    if sweeper.dry_run:
        return _tell(judged, "would be cancelled", found=words)
    why = sweeper.cancel(begin.identity)
    done = f"not cancelled: {why}" if why else "its CI was asked to cancel it"
    return _tell(judged, done, found=words, needs_person=bool(why))


def _close_lost(judged: Judged, sweeper: Sweeper) -> SweptAction:
    """End what its runner did not end: unless the platform, or a later attempt, knows better."""
    words = f"its run is over ({judged.run.conclusion})"
    final = _ask(judged, sweeper)
    if final.action_status in FINISHED:
        return _hear(judged, f"{words}; the platform shows {final.action_status}", sweeper)
    if not final.asked:
        why = final.refusal or "the platform was not reached"
        return _tell(judged, f"left: {why}", found=words, needs_person=True)
    if sweeper.dry_run:
        return _tell(judged, "would be ended as RUNNER_LOST", found=words)
    now = sweeper.journal.last(judged.attempted.begin.action)
    if now != judged.attempted:
        return _tell(judged, "left: it moved meanwhile", found=words)
    changing = sweeper.journal.markers.is_set(judged.attempted.begin)
    end = end_lost(judged, at=sweeper.clock.now(), changing=changing)
    ended = sweeper.journal.end(judged.attempted.begin, end)
    # Who takes over looks at this end after its own begin: one of the two sees the other.
    if not ended or sweeper.journal.is_followed(judged.attempted.begin):
        what = "moved" if ended else "ended"
        return _tell(judged, f"left: it {what} meanwhile", found=words)
    return _report(judged, end, sweeper, found=words)


def _settle_parked(judged: Judged, sweeper: Sweeper) -> SweptAction:
    """End what was rejected, taken back, or not allowed in time; all else goes on waiting."""
    journal, found, request = sweeper.journal, judged.attempted, judged.attempted.parked
    shown = _ask(judged, sweeper).action_status
    gone, late = shown in {*FINISHED, WITHDRAWN}, journal.approvals.is_late(found)
    words = f"allowed by {found.decision.by}" if found.decision else judged.liveness.value
    words += f"; the platform shows {shown}" if gone else f", until {request and request.until}"
    if sweeper.dry_run:
        return _tell(judged, "would be ended" if gone or late else "left alone", found=words)
    found = journal.settle(found, Answer.REJECTED if gone else None, by="the platform")
    end = found.end
    if end is None and request and found.decision and (gone or late):  # allowed, but nobody came
        end = keep_outcome(refuse(found.begin, request, found.decision), at=sweeper.clock.now())
        if not journal.end(found.begin, end) or journal.is_followed(found.begin):
            return _tell(judged, "left: it moved meanwhile", found=words)
    if end is None:
        return _tell(judged, "left alone", found=words)
    return _hear(judged, words, sweeper) if gone else _report(judged, end, sweeper, found=words)


def _report(judged: Judged, end: End | None, sweeper: Sweeper, *, found: str = "") -> SweptAction:
    if end is None:  # for the type checker: an unheard attempt has an end
        return _tell(judged, "left alone")
    words = f"reported as {end.status} ({end.reason})"
    if sweeper.dry_run:
        return _tell(judged, f"would be {words}", found=found)
    begin = judged.attempted.begin
    delivery = sweeper.open_reporter().end(recall_context(begin), recall_outcome(end))
    if not delivery.delivered:
        why = " ".join(delivery.notes)
        return _tell(
            judged, f"the platform has not heard it: {why}", found=found, needs_person=True
        )
    sweeper.journal.mark_reported(begin)
    return _tell(judged, words, found=found, closed=True)


def _doubt(judged: Judged, sweeper: Sweeper) -> SweptAction:
    """Close what the platform shows as ended; all else is for a person."""
    words = f"silent, and its run is unknown: {judged.run.conclusion}"
    final = _ask(judged, sweeper)
    if final.action_status in FINISHED:
        return _hear(judged, f"{words}; the platform shows {final.action_status}", sweeper)
    return _tell(judged, "look at its run", found=words, needs_person=True)


def _hear(judged: Judged, found: str, sweeper: Sweeper) -> SweptAction:
    if not sweeper.dry_run:
        sweeper.journal.mark_reported(judged.attempted.begin)
    return _tell(judged, "closed", found=found, closed=True)


def _ask(judged: Judged, sweeper: Sweeper) -> ActionSnapshot:
    return sweeper.open_reporter().read_snapshot(recall_context(judged.attempted.begin))


def _tell(
    judged: Judged,
    done: str,
    *,
    found: str = "",
    closed: bool = False,
    needs_person: bool = False,
) -> SweptAction:
    begin = judged.attempted.begin
    return SweptAction(
        action=begin.action,
        attempt=begin.attempt,
        kind=begin.kind,
        entity=begin.entity,
        slug=begin.slug,
        found=found or judged.liveness.value,
        done=done,
        run_url=judged.run_url,
        age=judged.quiet,
        closed=closed,
        needs_person=needs_person,
    )

"""An outcome as the journal keeps it, and back."""

from __future__ import annotations

from purveyor.errors import ReasonCode
from purveyor.journal.records import End
from purveyor.outcome import Outcome, Status
from purveyor.plan import Change, Verb


def keep_outcome(outcome: Outcome, *, at: float) -> End:
    """Return what the journal keeps: no private result, no secret."""
    return End(
        at=at,
        status=outcome.status.value,
        reason=outcome.reason.value,
        exit_code=outcome.exit_code,
        message=outcome.message,
        next_step=outcome.next_step,
        details=outcome.details,
        told=outcome.told,
        results=None if outcome.private else dict(outcome.results),
        shown_before=outcome.shown_before,
        changes=tuple((c.address, c.resource_type, c.verb.value) for c in outcome.changes),
        state_key=outcome.state_key,
        run_url=outcome.run_url,
        seconds=outcome.seconds,
    )


def recall_outcome(end: End) -> Outcome:
    """Return the outcome of a kept end, to be told again: its exit code is 0."""
    notes = () if end.results is not None else ("The results were private and are not kept.",)
    return Outcome(
        status=Status(end.status),
        reason=ReasonCode[end.reason],
        exit_code=0,
        message=end.message,
        next_step=end.next_step,
        details=(*end.details, *notes),
        told=end.told,
        results=end.results or {},
        shown_before=end.shown_before,
        changes=tuple(Change(at, kind, Verb(verb)) for at, kind, verb in end.changes),
        private=end.results is None,
        state_key=end.state_key,
        run_url=end.run_url,
        seconds=end.seconds,
    )

"""What waits for a person, what was decided, and what that means for the action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.durations import tell_duration
from purveyor.errors import GuardError, ReasonCode
from purveyor.journal import layout
from purveyor.journal.records import Answer, Decision, read_decision, write_record
from purveyor.outcome import Outcome, Status, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.journal.records import ApprovalRequest, AttemptRecord, Begin
    from purveyor.record_store import RecordStore


class Approvals:
    """The requests and decisions in one store; of two decisions the first one counts."""

    def __init__(
        self,
        store: RecordStore,
        clock: Callable[[], float],
        age: Callable[[str], float | None] | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._age = age

    def ask(self, begin: Begin, request: ApprovalRequest) -> None:
        self._store.create(_path(begin, layout.REQUEST), write_record(request))

    def judge(
        self, found: AttemptRecord, answer: Answer | None, *, by: str, why: str
    ) -> Decision | None:
        """Return what was decided, by this answer where it is the first and comes in time."""
        if found.decision is None and self.is_late(found):
            answer, by, why = Answer.EXPIRED, "", ""
        if found.decision is not None or answer is None:
            return found.decision
        decision = Decision(answer.value, self._clock(), by, why)
        path, text = _path(found.begin, layout.DECISION), write_record(decision)
        return (
            decision
            if self._store.create(path, text)
            else read_decision(self._store.read(path) or text)
        )

    def is_late(self, found: AttemptRecord) -> bool:
        """Tell whether the time is over: to allow the step, or for a run to go on with it."""
        since = found.decision or found.request
        if found.request is None or since is None:
            return False
        name = layout.DECISION if found.decision else layout.REQUEST
        age = self._age(_path(found.begin, name)) if self._age else None
        return (self._clock() - since.at if age is None else age) >= found.request.within


def await_approval(begin: Begin, request: ApprovalRequest) -> Outcome:
    """Return the outcome of a run that leaves its action waiting."""
    gate = f"{request.where}, or " if request.where else ""
    return Outcome(
        status=Status.PARKED,
        reason=ReasonCode.APPROVAL_AWAITED,
        exit_code=0,
        message=f"{_name(begin, request)} waits for an approval, until {request.until}.",
        details=(
            f"to allow it: {gate}`purveyor approve {begin.action}`",
            f"to end the action: `purveyor approve {begin.action} --reject`",
        ),
        run_url=begin.identity.url,
    )


def refuse(begin: Begin, request: ApprovalRequest, decision: Decision) -> Outcome:
    """Return the outcome of an action that waited in vain."""
    why = f": {decision.why}" if decision.why else ""
    told = f"Nobody allowed it within {tell_duration(request.within)}."
    if decision.answer == Answer.APPROVED:
        told = f"It was allowed by {decision.by}, but no run went on with it."
    elif decision.answer == Answer.REJECTED:
        told = f"It was rejected by {decision.by}{why}."
    rejected = decision.answer == Answer.REJECTED
    error = GuardError(
        f"{_name(begin, request)} waited for an approval. {told}",
        reason=ReasonCode.APPROVAL_REJECTED if rejected else ReasonCode.APPROVAL_EXPIRED,
        hint="What comes before this step is done and stays: start the action again when it is"
        " wanted, or delete what it has made.",
    )
    return fail(error)


def _name(begin: Begin, request: ApprovalRequest) -> str:
    step = f"Step {request.step}" if request.step else "The step"
    return f"{step} ({begin.operation} {begin.kind} {begin.slug or begin.entity})"


def _path(begin: Begin, name: str) -> str:
    return layout.attempt_path(begin.action, begin.attempt, name)

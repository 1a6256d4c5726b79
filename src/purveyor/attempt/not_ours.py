"""An action that is not ours to carry out: who has it, or what it waits for."""

from __future__ import annotations

import dataclasses

from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError
from purveyor.journal import Begin, Parked, Running, Unknown, Unread, await_approval
from purveyor.outcome import Outcome, Status, fail


@dataclass(frozen=True, slots=True)
class NotOurs:
    """The action is not ours to carry out. `replay` means: tell the platform this outcome again."""

    outcome: Outcome
    replay: bool = False


def leave_alone(verdict: Parked | Running | Unknown | Unread) -> Outcome:
    if isinstance(verdict, Parked):
        return await_approval(verdict.begin, verdict.request)
    if isinstance(verdict, Unread):
        return _leave(verdict.error)
    tell = _point_at if isinstance(verdict, Running) else _doubt
    return tell(verdict.begin, verdict.quiet)


def _point_at(begin: Begin, quiet: float) -> Outcome:
    return Outcome(
        status=Status.SUCCESS,
        reason=ReasonCode.RUNNING_ELSEWHERE,
        exit_code=0,
        message="Another run carries this action out: nothing was done here.",
        details=(_name(begin), f"last sign of life {quiet:.0f} s ago"),
        run_url=begin.identity.url,
    )


def _doubt(begin: Begin, quiet: float) -> Outcome:
    return fail(
        RecoveryError(
            f"An earlier run began this action and has been silent for {quiet:.0f} s; whether it"
            " still works cannot be told from here.",
            hint="Look at that run: when it is over, start that very CI run again.",
            details=(_name(begin),),
        )
    )


def _leave(error: PurveyorError) -> Outcome:
    message = f"{error.message} Another run has begun this action: nothing was done here."
    return dataclasses.replace(fail(error), message=message)


def _name(begin: Begin) -> str:
    where = begin.identity.url or f"process {begin.identity.pid} on {begin.identity.host}"
    return f"attempt {begin.attempt}: {where}"

"""How a run that failed is told: unsaved state first, then a wish to stop, then the cause."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.engines.terraform import commands
from purveyor.engines.terraform.failures import MOST_DETAILS, explain
from purveyor.engines.terraform.rescue import (
    FREED,
    LOOK_FIRST,
    UNSAVED,
    free_own_lock,
    rescue_unsaved,
)
from purveyor.engines.terraform.session import LOCK_SUMMARY
from purveyor.engines.terraform.stream import has_locked, judge_stream
from purveyor.errors import CancelledError, EngineError, PurveyorError, RecoveryError
from purveyor.plan import STATE_ONLY, Verb
from purveyor.process import Interruption
from purveyor.step import Proof, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from purveyor.engines.terraform.program import CallResult
    from purveyor.engines.terraform.session import EngineSession
    from purveyor.plan import Change

CHANGES = frozenset({"apply", "destroy"})
_LOCK_KEPT = "Error releasing the state lock"
# OpenTofu fails a destroy so that has let go of something and ended well but for that (measured).
_LEFT_BEHIND = "Destroy was successful but left behind forgotten instances"
_ABOUT_STATE = frozenset(
    {"Failed to save state", "Failed to persist state to backend", _LOCK_KEPT, _LEFT_BEHIND}
)


def build_error(session: EngineSession, ran: CallResult, phase: str) -> PurveyorError:
    changing = phase in CHANGES
    proof = _find_proof(session, ran) if changing else Proof.UNTOUCHED
    if proof in {Proof.NONE, Proof.UNSAVED}:
        return _doubt(ran, phase)
    if session.step.interruption.requested:
        return _cancelled(ran, phase, changing=proof is Proof.SAVED)
    if changing and ran.code < 0 and proof is Proof.UNTOUCHED:
        return EngineError(
            f"The engine was ended by signal {-ran.code} before it changed anything.",
            hint="Start the action again; on a small machine, with more memory.",
        )
    return explain(ran, phase, session.program.redactor)


def settle(session: EngineSession, ran: CallResult, phase: str) -> tuple[str, ...]:
    """Tell that a change is over; after a failed one save what it left unsaved, raise its error.

    Return notes instead when all was done and only the state had not been saved or its lock not
    given back, which is done now. Raise RecoveryError when the state cannot be saved, or when what
    exists may not be in it.
    """
    if not ran.code:
        session.changing.settle()
        return ()
    unsaved = session.step.module / UNSAVED
    kept = _LOCK_KEPT in {each.summary for each in ran.report.errors}
    if unsaved.exists():
        note = _rescue(session, ran, unsaved, phase, lock_left=kept)
    else:
        note = _settle_lock(session, ran, kept=kept)
    summaries = {each.summary for each in ran.report.errors}
    done = bool(summaries) and summaries <= _ABOUT_STATE
    told = note or _LEFT_BEHIND in summaries
    if told and done and not (ran.report.failed or ran.report.open):
        return tuple(filter(None, [note]))
    failure = build_error(session, ran, phase)
    failure.details = (*failure.details, *filter(None, [note]))
    raise failure


def conclude(
    session: EngineSession, ran: CallResult, phase: str, planned: Sequence[Change]
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Settle a change, tell what no hook tells; return what was carried out, and notes."""
    deleted = {each.address for each in ran.report.completed if each.verb is Verb.DELETE}
    done: list[Change] = []
    for each in planned:
        # A replacement that deletes nothing lets go of the old thing; Terraform may call it so.
        let_go = each.verb is Verb.REPLACE and not ran.code and each.address not in deleted
        verbs = (Verb.FORGET, Verb.CREATE) if let_go else (each.verb,)
        done += [replace(each, verb=verb) for verb in verbs]
    told = [each for each in done if each.verb in STATE_ONLY]
    try:
        return tuple(done), settle(session, ran, phase)
    except PurveyorError:
        told = _find_let_go(session, ran, told)
        raise
    finally:
        for each in told:
            event = ResourceMoved(each.address, each.verb, "ended", 0.0, each.resource_type)
            session.program.listen(event)


def _find_let_go(
    session: EngineSession, ran: CallResult, planned: Sequence[Change]
) -> list[Change]:
    """Return what a failed command has let go of: it is not in the state, or has a successor."""
    if Verb.FORGET not in {each.verb for each in planned}:
        return []
    program = replace(session.program, interruption=Interruption())
    listed = program.call(*commands.state_list(), streamed=False)
    kept = set(listed.completed.stdout.split("\n")) if listed.code == 0 else set()
    kept -= {*ran.report.open, *ran.report.failed, *(c.address for c in ran.report.completed)}
    return [c for c in planned if c.verb is Verb.FORGET and c.address not in kept]


def _rescue(
    session: EngineSession, ran: CallResult, unsaved: Path, phase: str, *, lock_left: bool
) -> str:
    try:
        note = rescue_unsaved(session, unsaved, lock_left=lock_left)
    except RecoveryError as error:
        cause = explain(ran, phase, session.program.redactor)
        error.details = (*error.details, cause.message, *cause.details)
        if lock_left:
            session.changing.leave_lock()
        raise  # the next run that saves the kept state settles the change
    session.changing.settle()
    return note


def _settle_lock(session: EngineSession, ran: CallResult, *, kept: bool) -> str:
    """Settle what is proven, and free the lock that this run's engine has left."""
    saved = _find_proof(session, ran) in {Proof.SAVED, Proof.UNTOUCHED}
    if saved:
        session.changing.settle()
    # Where nobody notes the doubt, a lock that is left is all that keeps the next run away.
    noted = saved or session.slot.marker is not None
    if kept or (ran.code < 0 and noted and has_locked(ran.completed.stdout)):
        note = free_own_lock(session, ran)
        return note if kept or note == FREED else ""
    if LOCK_SUMMARY in {each.summary for each in ran.report.errors}:
        # Nobody is named as its holder: a store may have taken it and lost the answer.
        session.changing.leave_lock()
    return ""


def _find_proof(session: EngineSession, ran: CallResult) -> Proof:
    proof = judge_stream(ran.completed.stdout)
    if proof is not Proof.INTERRUPTED:
        return proof
    try:
        state = session.slot.access.read()
    except PurveyorError:
        return Proof.NONE
    held = state is not None and (state.encrypted or state.resources)
    return Proof.SAVED if held else Proof.NONE


def _doubt(ran: CallResult, phase: str) -> RecoveryError:
    how = f"was ended by signal {-ran.code}" if ran.code < 0 else "broke off"
    return RecoveryError(
        f"The engine {how} in the middle of the {phase}: what exists may not be in the state.",
        details=_unfinished(ran),
        hint=LOOK_FIRST,
    )


def _cancelled(ran: CallResult, phase: str, *, changing: bool) -> CancelledError:
    if not changing:
        return CancelledError(
            f"Stopped during the {phase}, as asked: this step changed nothing.",
            hint="Start the action again when it is wanted.",
        )
    names = ", ".join([*ran.report.open, *ran.report.failed][:MOST_DETAILS])
    return CancelledError(
        f"Stopped during the {phase}, as asked: a part of it is done, and the state is saved.",
        told=f"The run was stopped, as asked, while it worked on {names}." if names else "",
        details=_unfinished(ran),
        hint="Start the action again to finish it; what was in work may have to be looked at.",
    )


def _unfinished(ran: CallResult) -> list[str]:
    lines = [f"{address} was being worked on" for address in ran.report.open]
    lines += [f"{address} was broken off" for address in ran.report.failed]
    return lines[:MOST_DETAILS]

"""One step with the engine: its phases, and the wait for a held lock."""

from __future__ import annotations

import shlex
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import CancelledError, StateLockedError
from purveyor.lock import Lock, describe_lock, parse_lock, tell_start
from purveyor.step import LockAwaited, PhaseStarted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.engines.terraform.program import CallResult, Program
    from purveyor.step import Changing, StateSlot, Step

LOCK_SUMMARY = "Error acquiring the state lock"
# Backends `azurerm` and `gcs` lock a new state to write an empty one, in whichever command comes
# first, and never wait for that (measured).
_LOADING = "Error loading state"
# Backend `pg`: somebody makes the row of a new state, which takes milliseconds (measured).
_CREATION_LOCK = "locked for workspace creation"
_TELL_SECONDS = 5.0
_FIRST_NAP, _LONGEST_NAP = 0.25, 1.0
_CLOCK_STEP = 2.0
STREAM = "changes.jsonl"


@dataclass(frozen=True, slots=True)
class EngineSession:
    """A step and the program that carries it out.

    `scratch` is a private folder for this step; `keep` is a folder that outlives the run.
    """

    step: Step
    slot: StateSlot
    program: Program
    scratch: Path
    keep: Path

    @property
    def changing(self) -> Changing:
        return self.slot.marker or _Unnoted()

    def start(self, phase: str) -> None:
        """Tell of a new phase; raise CancelledError when the run was asked to stop before it."""
        self.check_interruption(f"Stopped before the {phase}, as asked: this step changed nothing.")
        self.program.listen(PhaseStarted(phase))

    def check_interruption(self, message: str) -> None:
        if self.step.interruption.requested:
            raise CancelledError(message, hint="Start the action again when it is wanted.")

    def call_locked(self, *arguments: str, program: Program | None = None) -> CallResult:
        """Run a command that takes the state's lock; while it is held, wait and try again.

        `program` stands in for the session's own.

        Raise StateLockedError after the step's `lock_timeout` seconds, CancelledError when the run
        is asked to stop meanwhile.
        """
        begun = time.monotonic()
        call = (program or self.program).call
        ran = call(*arguments)
        while (holder := find_holder(ran)) is not None:
            self._await_holder(holder, ran, begun)
            ran = call(*arguments)
        return ran

    def change_locked(self, *arguments: str) -> CallResult:
        """Run a command that changes things: as `call_locked`, and whoever can is told of it.

        Its output stays in the private folder, for whoever finds it when this run is gone.
        """
        begun = time.monotonic()
        stream = self.step.workspace / STREAM
        while True:
            stream.unlink(missing_ok=True)
            rival = self.changing.begin()
            if rival is not None:
                self._await_release(rival, begun, self.changing.rival)
                continue
            ran = self.program.call(*arguments, stdout=stream)
            holder = find_holder(ran)
            if holder is None:
                return ran
            self.changing.withdraw()
            self._await_holder(holder, ran, begun)

    def _await_holder(self, holder: Lock, ran: CallResult, begun: float) -> None:
        holder = holder if holder.who else self.slot.access.holder() or holder
        if holder.was_taken(socket.gethostname(), after=ran.began, before=time.time()):
            # It may be ours: a store that took the lock and whose answer was lost is asked again.
            self.changing.leave_lock()
        self.changing.rival()  # a lost run's lock is not waited for
        self._await_release(holder, begun, self.slot.access.holder)

    def _await_release(self, holder: Lock, begun: float, look: Callable[[], Lock | None]) -> None:
        """Return when another try is worth it: nobody is seen to hold the lock."""
        nap, told, limit = _FIRST_NAP, -_TELL_SECONDS, self.slot.lock_timeout
        current: Lock | None = holder
        known = self._learn(holder)
        while current is not None:
            waited = time.monotonic() - begun
            if current is not holder and (not known.id or current.id != known.id):
                known = self._learn(current)
            if waited >= limit:
                raise _give_up(known, limit, self.slot.stamp)
            if waited - told >= _TELL_SECONDS:
                self.program.listen(LockAwaited(known, waited, limit))
                told = waited
            self.step.interruption.wait(min(nap, limit - waited))
            self.check_interruption("Stopped while it waited for the lock, as asked.")
            nap = min(nap * 2, _LONGEST_NAP)
            current = look()

    def _learn(self, holder: Lock) -> Lock:
        """Add what the store and the journal know of a holder, for people to follow it."""
        seen = holder if holder.operation else self.slot.access.holder() or holder
        rival = self.changing.rival()
        if rival is None or seen == rival:
            return seen
        began, taken = rival.since, seen.since
        # A run notes its change first and takes the lock then: an earlier lock is somebody else's.
        if began is not None and taken is not None and taken < began - _CLOCK_STEP:
            return seen
        return replace(seen, run=rival.who)


class _Unnoted:
    """Stands in where nothing can be noted."""

    def begin(self) -> Lock | None:
        """Go ahead."""
        return None

    rival = begin

    def withdraw(self) -> None:
        """Forget it."""

    settle = leave_lock = withdraw


def find_holder(ran: CallResult) -> Lock | None:
    """Return who holds the state's lock, when that is why the engine failed."""
    if ran.code:
        for each in ran.report.errors:
            if each.summary == LOCK_SUMMARY:
                return parse_lock(each.detail)
            if each.summary.startswith(_LOADING) and (holder := parse_lock(each.text)):
                return holder
            if _CREATION_LOCK in each.summary:
                return Lock(id="")
    return None


def _give_up(holder: Lock, seconds: float, identity: str) -> StateLockedError:
    kind, _, entity = identity.partition("/")
    unlock = f"purveyor state unlock {entity} --kind {kind.removesuffix('s')} --lock-id"
    release = (
        f" If that run is known to be dead: `{unlock} {shlex.quote(holder.id)}`."
        if holder.id
        else ""
    )
    return StateLockedError(
        f"The state is locked by {describe_lock(holder)}, and was not released"
        f" within {seconds:g} seconds.",
        hint=f"Start the action again when the other run has ended.{release}",
        told=f"Another change of this {kind.removesuffix('s')} is running{tell_start(holder)}.",
    )

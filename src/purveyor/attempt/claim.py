"""Nothing is done twice: an action is claimed in the journal before it is carried out."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.attempt.heartbeat import Heartbeat
from purveyor.attempt.local_run import LocalRun
from purveyor.attempt.not_ours import NotOurs, leave_alone
from purveyor.dataclass import dataclass
from purveyor.errors import CredentialsError, PurveyorError, RecoveryError
from purveyor.interruption import tell_signal
from purveyor.journal import (
    ApprovalRequest,
    Beat,
    Begin,
    ChangeMarker,
    Claimed,
    Ended,
    Parked,
    Running,
    Unknown,
    Unread,
    await_approval,
    keep_outcome,
    recall_outcome,
)
from purveyor.outcome import Outcome, Status
from purveyor.plan import COUNTED, Change
from purveyor.step import PhaseStarted, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.attempt.local_run import LocalRuns
    from purveyor.clock import Clock
    from purveyor.journal import Journal, Verdict
    from purveyor.lock import Lock
    from purveyor.process import Interruption
    from purveyor.reporter import Reported
    from purveyor.run_identity import RunIdentity
    from purveyor.step import Listen, StepEvent

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ThisRun:
    identity: RunIdentity
    clock: Clock
    is_dead: Callable[[RunIdentity], bool | None]  # of another run; None for unknown
    local_runs: LocalRuns  # what runs leave on this machine
    approver: str = ""  # who allows the step that an action waits before; empty for nobody
    gate: str = ""  # where a person allows it, in the words of the CI


class Attempt:
    """One attempt; before it is claimed nothing of it is kept, and without a journal in none."""

    def __init__(self, begin: Begin, *, run: ThisRun) -> None:
        self.begin = begin
        self.run = run
        self.journal: Journal | None = None
        self.ended = False  # once its end is kept
        self.state_key = ""  # once a state is found, or about to be made
        self.lock_left = False  # once a lock may be left for a sweep to find
        self.changes: list[Change] = []  # those that are done
        self._began = run.clock.clock()
        self._phase = ""
        self._heart = Heartbeat(self._write_beat, run.clock)
        self._look: Callable[[], Lock | None] | None = None
        self._guard = threading.Lock()
        self._local: LocalRun | None = None

    def claim(self, journal: Journal | None, *, in_progress: bool = False) -> NotOurs | None:
        """Claim the action, or say who has it; `in_progress` when the platform says that a run has.

        An earlier run that has fallen silent may still live: then nothing is done and the platform
        is told nothing, since that run may yet end the action.
        """
        if journal is None:
            self._begin_locally()
            return None
        match _ask(self.begin, journal, self.run, in_progress=in_progress):
            case Claimed(begin):
                self.begin, self.journal = begin, journal
                self._begin_locally()
                return None
            case Ended(begin, end, _):
                self.begin, self.journal, self.ended = begin, journal, True
                return NotOurs(recall_outcome(end), replay=True)
            case Parked() | Running() | Unknown() | Unread() as verdict:
                return NotOurs(leave_alone(verdict))

    def _begin_locally(self) -> None:
        """Let a later process on this machine find the run."""
        here = self.run.identity
        before = self.run.local_runs.read(self.begin.action)
        left = before if before is not None and before.boot == here.boot else None
        self._local = LocalRun(
            action=self.begin.action,
            pid=here.pid,
            at=self.run.clock.now(),
            mark=process.read_mark(here.pid),
            boot=here.boot,
            # An earlier attempt's program may still be at work.
            engine=left.engine if left else 0,
            engine_mark=left.engine_mark if left else "",
            attempt=self.begin.attempt if self.journal is not None else 0,
            entity=self.begin.ref.stamp,
        )
        self.note_locally()

    def note_locally(self, **changes: object) -> None:
        """Keep true what is left on this machine."""
        with self._guard:
            if self._local is not None:
                self._local = dataclasses.replace(self._local, **changes)  # type: ignore[arg-type] # named fields
                self.run.local_runs.write(self._local)

    def note_program(self, pid: int) -> None:
        self.note_locally(engine=pid, engine_mark=process.read_mark(pid))

    def notice(self, event: StepEvent) -> None:
        """Remember the phase for the heartbeat, what is done, and that the engine has the lock."""
        if isinstance(event, PhaseStarted):
            self._phase = event.name
        if isinstance(event, ResourceMoved):
            if event.stage == "ended" and event.verb in COUNTED:
                self.changes.append(Change(event.address, event.resource_type, event.verb))
            if self._look is not None:
                self._heart.hold(self._look)
                self._look = None

    def overhear(self, listen: Listen) -> Listen:
        """Return what listens in its place, and lets the attempt notice each event first."""

        def hear(event: StepEvent) -> None:
            self.notice(event)
            listen(event)

        return hear

    def await_lock(self, look: Callable[[], Lock | None]) -> None:
        """Find the engine's lock with `look` once it must have it."""
        self._look = look

    def release_lock(self) -> None:
        self._look = None
        self._heart.release()

    def is_lost(self, lock: Lock) -> bool:
        """Tell whether all others on its entity that may hold a lock are certainly over."""
        journal, mine = self.journal, self.begin
        if journal is None:
            return False
        tied = [
            ChangeMarker(mine.ref, action, each.begin.attempt)
            for action in dict.fromkeys([mine.action, *journal.open_actions()])
            for each in journal.attempts(action)
            if each.begin.ref == mine.ref and each.begin != mine and each.may_hold(lock)
        ]
        return bool(tied) and all(
            journal.is_over(each, is_dead=self.run.is_dead) is True for each in tied
        )

    def beat(self) -> None:
        self._heart.beat()

    @contextlib.contextmanager
    def working(self, interruption: Interruption, tell_stop: Callable[[], None]) -> Iterator[None]:
        """Give signs of life while the block runs, note each program, and tell of a wish to stop.

        The platform is told of that at once; by a thread, since the signal's handler may have
        interrupted what it would have to wait for.
        """
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_LOOK_SECONDS):
                if interruption.signal is not None:
                    self.note_locally(signal=tell_signal(interruption.signal))
                    tell_stop()
                    return

        interruption.on_program = self.note_program
        watcher = threading.Thread(target=watch, daemon=True, name="signal watcher")
        watcher.start()
        try:
            with contextlib.nullcontext() if self.journal is None else self._heart.beating():
                yield
        finally:
            ended.set()
            watcher.join()
            interruption.on_program = None

    def report(
        self, outcome: Outcome, tell: Callable[[Outcome], Reported]
    ) -> tuple[Outcome, Reported]:
        """Keep how it ended unless that is kept, tell the platform, and close it once it heard."""
        notes: tuple[str, ...] = ()
        if outcome.status is Status.PARKED:
            delivery = tell(outcome)
            self.run.local_runs.remove(self.begin.action)  # only then: `finish` tells it otherwise
            return self._complete(outcome), delivery
        if not self.ended:
            outcome = self._complete(outcome)
            try:
                self.finish(outcome)
            except PurveyorError as error:  # the platform is told all the same
                notes = (f"{error.message} The action's end is not in the journal.",)
        delivery = tell(outcome)
        if delivery.delivered:
            with contextlib.suppress(PurveyorError):  # it stays open there, which harms nobody
                self.close()
        told = outcome if self.ended else self._complete(outcome)
        return told, dataclasses.replace(delivery, notes=(*notes, *delivery.notes))

    def _complete(self, outcome: Outcome) -> Outcome:
        """Add how long it took, and to a failure what was done all the same."""
        if outcome.exit_code:
            changes = tuple(self.changes)
            outcome = dataclasses.replace(outcome, changes=changes, state_key=self.state_key)
        run_url = self.begin.identity.url or outcome.run_url
        seconds = self.run.clock.clock() - self._began
        return dataclasses.replace(outcome, seconds=seconds, run_url=run_url)

    def park(self, step: str, within: float) -> Outcome:
        """Leave the action to whoever allows its next step, and to a later attempt."""
        request = ApprovalRequest(step, self.run.clock.now(), within, self.run.gate)
        if self.journal is not None:
            self.journal.approvals.ask(self.begin, request)
        return await_approval(self.begin, request)

    def finish(self, outcome: Outcome) -> None:
        """Keep how it ended, before the platform is told."""
        end = keep_outcome(outcome, at=self.run.clock.now())
        self.note_locally(end=end)
        if self.journal is not None:
            self.journal.end(self.begin, end)

    def close(self) -> None:
        """Note that the platform has heard it: in the journal first, which then needs no more."""
        if self.journal is not None and self.lock_left:
            self.journal.mark_reported(self.begin)
        elif self.journal is not None:
            self.journal.close(self.begin)
        if self._local is not None:
            self.run.local_runs.remove(self.begin.action)

    def _write_beat(self, lock_id: str) -> None:
        if self.journal is not None:
            beat = Beat(at=self.run.clock.now(), phase=self._phase, lock_id=lock_id)
            self.journal.beat(self.begin, beat)


def _ask(wanted: Begin, journal: Journal, run: ThisRun, *, in_progress: bool) -> Verdict:
    try:
        return journal.claim(wanted, is_dead=run.is_dead, approver=run.approver)
    except (RecoveryError, CredentialsError) as error:
        if not in_progress:
            raise
        return Unread(error)

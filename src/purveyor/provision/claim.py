"""Nothing is done twice: an action is claimed in the journal before it is carried out."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.attempt.heartbeat import Heartbeat
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.journal import (
    Beat,
    Begin,
    Claimed,
    Ended,
    Running,
    Unknown,
    keep_outcome,
    recall_outcome,
)
from purveyor.outcome import Outcome, Status
from purveyor.plan import COUNTED, Change
from purveyor.provision.local_run import begin_local_run
from purveyor.step import PhaseStarted, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.journal import Journal
    from purveyor.lock import Lock
    from purveyor.provision.local_run import RunNote
    from purveyor.provision.ports import Ports
    from purveyor.step import StepEvent


@dataclass(slots=True)
class Attempt:
    """One claimed attempt; without a journal nothing is kept, and every method does nothing.

    `lock_left` once a lock may be left for a sweep to find; `changes` are those that are done.
    """

    journal: Journal | None
    begin: Begin | None
    phase: str = ""
    note: RunNote | None = None
    lock_left: bool = False
    changes: list[Change] = field(default_factory=list)
    state_key: str = ""
    _heart: Heartbeat | None = None
    _look: Callable[[], Lock | None] | None = None

    def notice(self, event: StepEvent) -> None:
        """Remember the phase for the heartbeat, what is done, and that the engine has the lock."""
        if isinstance(event, ResourceMoved) and event.stage == "ended" and event.verb in COUNTED:
            self.changes.append(Change(event.address, event.resource_type, event.verb))
        if isinstance(event, PhaseStarted):
            self.phase = event.name
        if isinstance(event, ResourceMoved) and self._look is not None and self._heart is not None:
            self._heart.hold(self._look)
            self._look = None

    def await_lock(self, look: Callable[[], Lock | None]) -> None:
        """Find the engine's lock with `look` once it must have it."""
        self._look = look

    def release_lock(self) -> None:
        """Forget the engine's lock."""
        self._look = None
        if self._heart is not None:
            self._heart.release()

    def finish(self, outcome: Outcome, *, at: float) -> None:
        """Keep how it ended, before the platform is told."""
        if self.note is not None:
            self.note.notice_end(outcome, at=at)
        if self.journal is None or self.begin is None:
            return
        self.journal.end(self.begin, keep_outcome(outcome, at=at))

    def close(self) -> None:
        """Note that the platform has heard it."""
        if self.note is not None:
            self.note.clear()
        if self.journal is None or self.begin is None:
            return
        if self.lock_left:
            self.journal.mark_reported(self.begin)
        else:
            self.journal.close(self.begin)

    @contextlib.contextmanager
    def beating(self, ports: Ports) -> Iterator[None]:
        """Give signs of life while the block runs."""
        journal, begin = self.journal, self.begin
        if journal is None or begin is None:
            yield
            return

        def write(lock_id: str) -> None:
            journal.beat(begin, Beat(at=ports.wall_clock(), phase=self.phase, lock_id=lock_id))

        self._heart = Heartbeat(write)
        with self._heart.beating():
            yield


@dataclass(frozen=True, slots=True)
class NotOurs:
    """The action is not ours to carry out. `replay` means: tell the platform this outcome again."""

    outcome: Outcome
    replay: Attempt | None = None


def claim(context: ActionContext, recipe: Recipe, ports: Ports) -> Attempt | NotOurs:
    """Claim the action, or say who has it.

    An earlier run that has fallen silent may still live: then nothing is done and the platform is
    told nothing, since that run may yet end the action.
    """
    journal = ports.open_journal(recipe)
    if journal is None:
        return Attempt(None, None, note=begin_local_run(context, ports, attempt=0))
    wanted = Begin(
        action=context.id,
        attempt=1,
        digest=context.digest,
        kind=context.kind.value,
        entity=context.entity.id,
        service=context.service.id,
        operation=context.operation.value,
        state_key="",
        identity=ports.identity,
        at=ports.wall_clock(),
        slug=context.entity.slug,
        specification=context.entity.specification.id,
        action_specification=context.specification.id,
        token=uuid.uuid4().hex,
    )
    match journal.claim(wanted, is_dead=ports.is_dead):
        case Claimed(begin):
            note = begin_local_run(context, ports, attempt=begin.attempt)
            return Attempt(journal, begin, note=note)
        case Ended(begin, end, _):
            return NotOurs(recall_outcome(end), replay=Attempt(journal, begin))
        case Running(begin, quiet):
            return NotOurs(_point_at(begin, quiet))
        case Unknown(begin, quiet):
            return NotOurs(_doubt(begin, quiet))


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
    return Outcome(
        status=Status.FAILED,
        reason=ReasonCode.NEEDS_RECOVERY,
        exit_code=RecoveryError.exit_code,
        message=f"An earlier run began this action and has been silent for {quiet:.0f} s; whether"
        " it still works cannot be told from here.",
        next_step="Look at that run: when it is over, start that very CI run again.",
        details=(_name(begin),),
    )


def _name(begin: Begin) -> str:
    where = begin.identity.url or f"process {begin.identity.pid} on {begin.identity.host}"
    return f"attempt {begin.attempt}: {where}"

"""The marker around what an engine changes, so that the doubt after a lost run is exact."""

from __future__ import annotations

import contextlib
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.action import Operation
from purveyor.dataclass import dataclass
from purveyor.errors import CancelledError, PurveyorError, RecoveryError, StateLockedError
from purveyor.lock import Lock, describe_lock, tell_start
from purveyor.step import LockAwaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.attempt.claim import Attempt
    from purveyor.attempt.entity_record import EntityRecord
    from purveyor.journal import ChangeMarker, Journal
    from purveyor.step import Listen, StateAccess

# The run's own part is added: two that came at once do not come at once again.
_NAP, _NAP_PART = 0.25, 0.25
_TELL_SECONDS = 5.0
_TAKEN_OVER = "its run is over, and what it did is done again"


@dataclass(slots=True)
class MarkedChange:
    """One attempt's change; without a journal there is no marker, only what a create has begun.

    The steps of an attempt share it, one after the other: their marker is one.
    """

    attempt: Attempt
    record: EntityRecord
    state: StateAccess | None = None  # None for an entity that keeps none
    step: str = ""
    repeatable: bool = False  # what is done may be done again: a lost run leaves no doubt
    marked: bool = False  # while the marker stands
    settled: bool = False  # once the states are known to hold all that was done

    def enter(self, step: str, state: StateAccess) -> None:
        """Go on to a step, whose lock `state` shows."""
        self.step, self.state = step, state

    def begin(self) -> Lock | None:
        """Set the marker, unless another run changes the entity; a create needs no other note."""
        now = self.attempt.run.clock.now()
        if self.attempt.journal is None:
            self.begin_alone()
            return None
        if (rival := self._mark(now)) is not None:
            return rival
        self.record.begun = True
        if self.state is not None:
            self.attempt.await_lock(self._find_lock(self.state, now))
        return None

    def begin_alone(self) -> None:
        """Note that things are about to change, where a marker does not tell it, or not enough."""
        self.record.begun = True
        self.record.note_begun()

    def _mark(self, now: float) -> Lock | None:
        """Set the marker, unless another run changes the entity: then leave the field to it."""
        journal, begin = self.attempt.journal, self.attempt.begin
        if journal is None:
            return None
        held, self.marked, self.settled = self.marked, True, False
        journal.markers.put(begin, at=now, step=self.step, repeatable=self.repeatable)
        if held:
            return None
        # Only then: of two runs that set theirs at once, at least one sees the other's, however
        # long either takes between the two requests.
        try:
            rival = self.rival()
        except PurveyorError:
            self._remove_marker()
            raise
        if rival is not None:
            self._remove_marker()
        return rival

    def rival(self) -> Lock | None:
        """Return the run that is changing the entity; raise RecoveryError for one that is over."""
        journal, begin = self.attempt.journal, self.attempt.begin
        if journal is None:
            return None
        for marker in journal.markers.find_others(begin):
            over = journal.is_over(marker, is_dead=self.attempt.run.is_dead)
            if over and marker.repeatable and self._works_on(marker.action):
                over = False
            elif over and marker.repeatable:
                note = {"at": _moment(self.attempt.run.clock.now()), "reason": _TAKEN_OVER}
                journal.markers.settle([marker], {**note, "by": begin.action})
                continue
            if over is not False:
                raise _doubt(marker, over=over is True)
            _refuse_parked(marker, journal)
            return Lock(id="", who=marker.run, created=_moment(marker.at))
        return None

    def _works_on(self, action: str) -> bool:
        """Tell whether a program of a run that is over is still at work on this machine."""
        here = self.attempt.run
        run = here.local_runs.read(action)
        same = run is not None and run.boot == here.identity.boot
        return run is not None and same and process.is_same(run.engine, run.engine_mark)

    @contextlib.contextmanager
    def taking_turn(self, limit: float, listen: Listen) -> Iterator[None]:
        """Let no other run change an entity without a state from now on; the marker is its lock.

        It stands until `close`, or until the block fails. Raise StateLockedError when another run
        has not ended after `limit` seconds, CancelledError when this one is asked to stop.
        """
        self.repeatable = True
        self._take_turn(limit, listen)
        try:
            yield
        except BaseException:
            self.withdraw()
            raise

    def _take_turn(self, limit: float, listen: Listen) -> None:
        clock, token = self.attempt.run.clock, self.attempt.begin.token
        nap = _NAP + _NAP_PART * zlib.crc32(token.encode()) / 0xFFFFFFFF
        begun, told = clock.clock(), -_TELL_SECONDS
        while (rival := self._mark(clock.now())) is not None:
            current: Lock | None = rival
            while current is not None:
                waited = clock.clock() - begun
                if waited >= limit:
                    raise _give_up(current, limit, self.attempt.begin.kind)
                if waited - told >= _TELL_SECONDS:
                    listen(LockAwaited(current, waited, limit))
                    told = waited
                if clock.pause(min(nap, limit - waited)):
                    raise CancelledError(
                        "Stopped while it waited for another run, as asked.",
                        hint="Start the action again when it is wanted.",
                    )
                current = self.rival()

    def park(self, step: str) -> None:
        """Leave a marker that keeps other actions from the entity while this one waits."""
        self.step, self.repeatable = step, True
        if (rival := self._mark(self.attempt.run.clock.now())) is not None:
            raise _give_up(rival, 0, self.attempt.begin.kind)
        self.marked = False  # it stays

    def withdraw(self) -> None:
        self.attempt.release_lock()
        self._remove_marker()

    def settle(self) -> None:
        """Remember that the marker may go; `close` takes it away."""
        self.attempt.release_lock()
        self.settled = True

    def leave_lock(self) -> None:
        """Leave the action among the open ones, so that a sweep looks for its lock."""
        self.attempt.lock_left = True

    def close(self) -> None:
        """Take the marker away if it may go, when something else tells that the entity exists."""
        self.attempt.release_lock()
        if not self.marked or not self.settled:
            return
        try:
            create = self.record.operation is Operation.CREATE
            if create and self.record.begun and not self.record.kept:
                self.record.note_begun()
            self._remove_marker()
        except PurveyorError as error:
            self.record.say(
                f"{error.message} The next run will believe that this one was lost:"
                " `purveyor state settle` tells it better."
            )

    def _remove_marker(self) -> None:
        if self.marked and self.attempt.journal is not None:
            self.attempt.journal.markers.remove(self.attempt.begin)
            self.marked = False

    def _find_lock(self, state: StateAccess, since: float) -> Callable[[], Lock | None]:
        run = self.attempt.run

        def find() -> Lock | None:
            lock, now = state.holder(), run.clock.now()
            ours = lock is not None and lock.was_taken(run.identity.host, after=since, before=now)
            return lock if ours else None

        return find


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    return moment.replace("+00:00", "Z")


def _give_up(holder: Lock, seconds: float, kind: str) -> StateLockedError:
    return StateLockedError(
        f"The {kind} is being changed by {describe_lock(holder)}, which did not end within"
        f" {seconds:g} seconds.",
        hint="Start the action again when the other run has ended.",
        told=f"Another change of this {kind} is running{tell_start(holder)}.",
    )


def _refuse_parked(marker: ChangeMarker, journal: Journal) -> None:
    """Raise StateLockedError for a marker whose action waits for an approval: who knows how long.

    Only a repeatable one can be such an action's.
    """
    found = journal.last(marker.action) if marker.repeatable else None
    if found is not None and (request := found.parked):
        kind = marker.entity.kind
        raise StateLockedError(
            f"Another action on this {kind}, {found.begin.operation}, waits for an approval until"
            f" {request.until}: nothing was done here.",
            details=(f"action {marker.action}: {marker.run}",),
            hint="Have it allowed, or end it with `purveyor approve"
            f" {marker.action} --reject`; then start this action again.",
            told=f"Another change of this {kind} waits for an approval.",
        )


def _doubt(marker: ChangeMarker, *, over: bool) -> RecoveryError:
    entity, kind = marker.entity, marker.entity.kind
    if not over:
        return RecoveryError(
            f"A run that changes this {kind} has fallen silent; whether it still works"
            " cannot be told from here, and another run could build it twice.",
            details=(f"the silent run: {marker.run}",),
            hint="Look at that run. When it is over, ask the platform team to compare what exists"
            f" with the state, and then to run `purveyor state settle {entity} --reason TEXT`.",
        )
    return RecoveryError(
        f"A run was lost while it changed this {kind}: the state may not know all that"
        " exists, and another run could build it twice.",
        details=(f"the lost run: {marker.run}",),
        hint="Ask the platform team to compare what exists with the state, and then to run"
        f" `purveyor state settle {entity} --reason TEXT`.",
    )

"""The marker around what an engine changes, so that the doubt after a lost run is exact."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError, RecoveryError
from purveyor.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.attempt.claim import Attempt
    from purveyor.attempt.entity_record import EntityRecord
    from purveyor.journal import ChangeMarker
    from purveyor.step import StateAccess


@dataclass(slots=True)
class MarkedChange:
    """One attempt's change; without a journal there is no marker, only what a create has begun.

    The steps of an attempt share it, one after the other: their marker is one.
    """

    attempt: Attempt
    record: EntityRecord
    state: StateAccess
    step: str = ""
    marked: bool = False  # while the marker stands
    settled: bool = False  # once the states are known to hold all that was done

    def enter(self, step: str, state: StateAccess) -> None:
        """Go on to a step, whose lock `state` shows."""
        self.step, self.state = step, state

    def begin(self) -> Lock | None:
        """Set the marker, unless another run changes the entity; a create needs no other note."""
        journal, now = self.attempt.journal, self.attempt.run.clock.now()
        if journal is None:
            self.record.begun = True
            self.record.note_begun()
            return None
        held, self.marked, self.settled = self.marked, True, False
        journal.markers.put(self.attempt.begin, at=now, step=self.step)
        # Only then: of two runs that set theirs at once, at least one sees the other's, however
        # long either takes between the two requests.
        if not held and (rival := self._find_rival()) is not None:
            return rival
        self.record.begun = True
        self.attempt.await_lock(self._find_lock(now))
        return None

    def _find_rival(self) -> Lock | None:
        """Return the other run that changes the entity, and leave the field to it."""
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
            if over is not False:
                raise _doubt(marker, over=over is True)
            moment = datetime.fromtimestamp(marker.at, UTC).isoformat(timespec="seconds")
            return Lock(id="", who=marker.run, created=moment.replace("+00:00", "Z"))
        return None

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
            if self.record.operation is Operation.CREATE and not self.record.kept:
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

    def _find_lock(self, since: float) -> Callable[[], Lock | None]:
        run, state = self.attempt.run, self.state

        def find() -> Lock | None:
            lock, now = state.holder(), run.clock.now()
            ours = lock is not None and lock.was_taken(run.identity.host, after=since, before=now)
            return lock if ours else None

        return find


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

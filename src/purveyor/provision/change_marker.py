"""The marker around what an engine changes, so that the doubt after a lost run is exact."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.errors import PurveyorError, RecoveryError
from purveyor.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.journal import ChangeMarker
    from purveyor.provision.claim import Attempt
    from purveyor.provision.entity_record import EntityRecord
    from purveyor.provision.ports import Ports
    from purveyor.step import StateAccess


@dataclass(slots=True)
class MarkedChange:
    """One attempt's change; without a journal there is no marker, only what a create has begun.

    `marked` while its marker stands, `settled` once the state is known to hold all that was done.
    """

    attempt: Attempt
    record: EntityRecord
    ports: Ports
    state: StateAccess
    marked: bool = False
    settled: bool = False

    def begin(self) -> Lock | None:
        """Set the marker, unless another run changes the entity; a create needs no other note."""
        rival = self.rival()
        if rival is not None:
            return rival
        self.record.begun = True
        if self.attempt.journal is None or self.attempt.begin is None:
            self.record.note_begun()
            return None
        self.attempt.journal.markers.put(self.attempt.begin, at=self.ports.wall_clock())
        self.marked, self.settled = True, False
        self.attempt.await_lock(self._find_lock(time.time()))
        return None

    def rival(self) -> Lock | None:
        """Return the run that is changing the entity; raise RecoveryError for one that is over."""
        journal, begin = self.attempt.journal, self.attempt.begin
        if journal is None or begin is None:
            return None
        for marker in journal.markers.find(begin.ref):
            if (marker.action, marker.attempt) == (begin.action, begin.attempt):
                continue
            over = journal.is_over(marker, is_dead=self.ports.is_dead)
            if over is not False:
                raise _doubt(marker, over=over is True)
            moment = datetime.fromtimestamp(marker.at, UTC).isoformat(timespec="seconds")
            return Lock(id="", who=marker.run, created=moment.replace("+00:00", "Z"))
        return None

    def withdraw(self) -> None:
        """Take the marker away: nothing was changed."""
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
            if self.record.context.operation is Operation.CREATE and not self.record.kept:
                self.record.note_begun()
            self._remove_marker()
        except PurveyorError as error:
            self.record.say(
                f"{error.message} The next run will believe that this one was lost:"
                " `purveyor state settle` tells it better."
            )

    def _remove_marker(self) -> None:
        if self.marked and self.attempt.journal is not None and self.attempt.begin is not None:
            self.attempt.journal.markers.remove(self.attempt.begin)
            self.marked = False

    def _find_lock(self, since: float) -> Callable[[], Lock | None]:
        host = self.ports.identity.host

        def find() -> Lock | None:
            lock = self.state.holder()
            ours = lock is not None and lock.was_taken(host, after=since, before=time.time())
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

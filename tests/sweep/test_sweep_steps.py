"""A run that was killed in a further step left its lock on that step's own state."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from journal_fixtures import make_begin
from purveyor.journal import AttemptRecord, Beat, ChangeMarker
from purveyor.lock import Lock
from purveyor.run_identity import RunIdentity
from purveyor.state_key import StateKey
from purveyor.sweep.locks import Suspect, free, look

if TYPE_CHECKING:
    from purveyor.sweep.model import Sweeper

MAIN, FURTHER = "services/s-1/x.tfstate", "services/s-1/x.report.tfstate"
LOCK = Lock("l-1", who="ci@runner-1", created="1970-01-01T00:16:50Z")
RUN = RunIdentity(ci="github", run="1", host="runner-1")


@dataclass
class Locks:
    """Which states are locked, by path."""

    held: dict[str, Lock] = field(default_factory=dict)

    def locate(self, _owner: object) -> StateKey:
        return StateKey(MAIN, exists=True)

    def access(self, key: StateKey) -> Any:
        return cast("Any", _Access(self.held.get(key.path)))

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        return self.held.pop(key.path).id == lock_id


@dataclass
class _Access:
    lock: Lock | None

    def holder(self) -> Lock | None:
        return self.lock


def make_sweeper(locks: Locks, *markers: ChangeMarker) -> Sweeper:
    found = SimpleNamespace(find=lambda _entity: markers)
    clock = SimpleNamespace(pause=lambda _seconds: False, now=lambda: 2000.0)
    journal = SimpleNamespace(markers=found)
    sweeper = SimpleNamespace(states=locks, clock=clock, dry_run=False, journal=journal)
    return cast("Sweeper", sweeper)


@pytest.mark.parametrize("place", [MAIN, FURTHER])
def test_the_lock_of_the_step_that_was_at_work_is_found_and_freed(place: str) -> None:
    attempted = AttemptRecord(make_begin(RUN), Beat(1010.0, "report/apply", "l-1"), None, False)
    locks = Locks({place: LOCK})
    sweeper = make_sweeper(locks)
    suspect = Suspect(attempted, "https://ci/1")
    held = look(suspect, [], sweeper)
    assert held is not None
    assert (held.key.path, held.doubt) == (place, "")
    (freed,) = free([held], sweeper)
    assert (freed.key, freed.done, locks.held) == (place, "freed", {})


def test_a_further_steps_lock_of_somebody_else_is_let_alone() -> None:
    attempted = AttemptRecord(make_begin(RUN), Beat(1010.0, "report/apply", "l-9"), None, False)
    assert look(Suspect(attempted, ""), [], make_sweeper(Locks({FURTHER: LOCK}))) is None


def test_a_step_that_is_younger_than_the_last_beat_is_known_by_its_marker() -> None:
    begin = make_begin(RUN)
    attempted = AttemptRecord(begin, Beat(1010.0, "database/apply", "l-1"), None, False)
    locks, suspect = Locks({FURTHER: LOCK}), Suspect(attempted, "")
    assert look(suspect, [], make_sweeper(locks)) is None
    marker = ChangeMarker(begin.ref, begin.action, begin.attempt, step="report")
    other = ChangeMarker(begin.ref, "another", 1, step="report")
    assert look(suspect, [], make_sweeper(locks, other)) is None
    held = look(suspect, [], make_sweeper(locks, marker))
    assert held is not None
    assert held.key.path == FURTHER

"""A run that was killed in a further step left its lock on that step's own state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from journal_fixtures import make_begin
from purveyor.journal import AttemptRecord, Beat
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


@pytest.mark.parametrize("place", [MAIN, FURTHER])
def test_the_lock_of_the_step_that_was_at_work_is_found_and_freed(place: str) -> None:
    attempted = AttemptRecord(make_begin(RUN), Beat(1010.0, "report/apply", "l-1"), None, False)
    locks, pauses = Locks({place: LOCK}), list[float]()
    clock = cast("Any", type("Clock", (), {"pause": pauses.append, "now": lambda: 2000.0}))
    sweeper = cast("Sweeper", type("S", (), {"states": locks, "clock": clock, "dry_run": False}))
    suspect = Suspect(attempted, "https://ci/1")
    held = look(suspect, [], sweeper)
    assert held is not None
    assert (held.key.path, held.doubt) == (place, "")
    (freed,) = free([held], sweeper)
    assert (freed.key, freed.done, locks.held) == (place, "freed", {})


def test_a_further_steps_lock_of_somebody_else_is_let_alone() -> None:
    attempted = AttemptRecord(make_begin(RUN), Beat(1010.0, "report/apply", "l-9"), None, False)
    sweeper = cast("Sweeper", type("S", (), {"states": Locks({FURTHER: LOCK})}))
    assert look(Suspect(attempted, ""), [], sweeper) is None

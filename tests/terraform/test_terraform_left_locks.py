"""A lock that an engine leaves is freed if it is certainly its own, or left to the sweep."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from doubt_fixtures import QUICK, Notes, make, signal_engines
from state_slot_fixtures import with_slot

from purveyor.errors import PurveyorError, ReasonCode, RecoveryError
from purveyor.lock import Lock
from purveyor.step import LockAwaited
from purveyor_faultkit import run_states

if TYPE_CHECKING:
    from collections.abc import Iterator

    from terraform_fixtures import Bench

    from purveyor.step import StepEvent
    from purveyor_faultkit import StateServer

pytest_plugins = ["terraform_fixtures"]
pytestmark = [pytest.mark.engine]


@pytest.fixture
def server() -> Iterator[StateServer]:
    with run_states() as server:
        yield server


def test_an_engine_that_is_killed_in_its_change_settles_nothing_and_its_lock_is_freed(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server)
    signal_engines(bench, signal.SIGKILL)
    with pytest.raises(RecoveryError, match="may not be in the state") as caught:
        bench.run(step)
    assert caught.value.reason is ReasonCode.NEEDS_RECOVERY
    assert notes.told == ["begin"]
    assert server.locks == {}


def test_where_nobody_notes_the_doubt_the_lock_of_a_killed_engine_stays(
    bench: Bench, server: StateServer
) -> None:
    step = with_slot(make(bench, Notes(), server), marker=None)
    signal_engines(bench, signal.SIGKILL)
    with pytest.raises(RecoveryError):
        bench.run(step)
    assert len(server.locks) == 1


class Once(dict[str, int]):
    """Breaks each method one time."""

    def __getitem__(self, method: str) -> int:
        """Forget it with the first look."""
        return self.pop(method)


class OnceOnly(set[str]):
    """Breaks each method one time."""

    def __contains__(self, method: object) -> bool:
        """Forget it with the first look."""
        found = super().__contains__(method)
        self.discard(str(method))
        return found


def test_a_lock_that_was_not_given_back_is_freed_and_the_change_is_whole(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.refuse = Once(UNLOCK=403)
    done = bench.run(step)
    assert "it is free now" in " ".join(done.notes)
    assert notes.told == ["begin", "settle"]
    assert server.locks == {}


def test_a_lock_that_was_given_back_without_an_answer_is_no_failure(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.silence.add("UNLOCK")
    done = bench.run(step)
    assert "the engine was not told" in " ".join(done.notes)
    assert notes.told == ["begin", "settle"]
    assert server.locks == {}


def test_a_lock_that_cannot_be_freed_is_left_to_the_sweep(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.refuse["UNLOCK"] = 403
    with pytest.raises(PurveyorError):
        bench.run(step)
    assert notes.told == ["begin", "settle", "leave lock"]
    assert len(server.locks) == 1


def test_a_lock_that_the_store_took_without_saying_so_is_left_to_the_sweep(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = with_slot(make(bench, notes, server, QUICK), lock_timeout=0.0)
    server.silence = OnceOnly({"LOCK"})
    with pytest.raises(PurveyorError) as caught:
        bench.run(step)
    assert caught.value.reason is ReasonCode.STATE_LOCKED
    assert notes.told == ["begin", "withdraw", "leave lock"]
    assert len(server.locks) == 1


def test_a_lock_of_which_no_answer_came_is_left_to_the_sweep(
    bench: Bench, server: StateServer
) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.silence.add("LOCK")
    with pytest.raises(PurveyorError):
        bench.run(step)
    assert notes.told == ["begin", "settle", "leave lock"]
    assert len(server.locks) == 1


def test_another_run_that_changes_the_entity_is_waited_for(bench: Bench) -> None:
    notes = Notes(rivals=[Lock("", who="https://ci/1"), Lock("", who="https://ci/1")])
    bench.run(make(bench, notes, text=QUICK))
    assert notes.told == ["begin", "settle"]
    awaited = [each.holder.who for each in bench.events if isinstance(each, LockAwaited)]
    assert awaited[0] == "https://ci/1"


def test_a_held_lock_is_waited_for_without_a_mark(bench: Bench, server: StateServer) -> None:
    notes = Notes()
    step = make(bench, notes, server, QUICK)
    server.locks["/states/one"] = STRANGER

    def let_go(event: StepEvent) -> None:
        if isinstance(event, LockAwaited):
            assert notes.told == ["begin", "withdraw"]
            server.locks.clear()

    bench.on_event = let_go
    bench.run(step)
    assert notes.told == ["begin", "withdraw", "begin", "settle"]


STRANGER = '{"ID":"5f1e","Who":"somebody@elsewhere","Created":"2020-01-01T00:00:00Z"}'

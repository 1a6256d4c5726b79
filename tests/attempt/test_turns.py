"""The turn of a run on an entity without a state: whom it lets wait, and whom it follows."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import pytest
from attempt_fixtures import PLACE, Played

from purveyor.action import Operation
from purveyor.attempt import LocalRun
from purveyor.errors import CancelledError, ReasonCode, RecoveryError, StateLockedError
from purveyor.step import LockAwaited

if TYPE_CHECKING:
    import contextlib


def other(played: Played, *, dead: bool | None = None) -> Played:
    """Let another action of the same service begin, on another run."""
    return Played(played.store, "a-2", "200", Operation.UPDATE, dead)


def take(played: Played, limit: float = 60.0) -> contextlib.AbstractContextManager[None]:
    """Let an action of a service without a state take its turn."""
    return played.change.taking_turn(limit, played.told.append)


def leave_turn(dead: bool | None, *, quiet: float = 400.0) -> Played:  # noqa: FBT001 - a CI's answer
    """Return an action that comes after one which fell silent on its turn."""
    first = Played()
    with take(first):
        pass
    first.store.time.turn(quiet)
    return other(first, dead=dead)


def test_a_turn_lasts_to_the_close_and_is_marked_as_repeatable() -> None:
    played = Played()
    with take(played):
        assert played.marker() == '{"run": "https://ci/100", "at": 1000.0, "repeatable": true}'
        assert not played.record.begun
    played.change.settle()
    played.change.close()
    assert played.marker() is None
    assert f"{PLACE}/begun.json" not in played.store.texts


def test_a_turn_is_given_back_when_a_check_fails() -> None:
    played = Played()
    with pytest.raises(RecoveryError), take(played):
        raise RecoveryError("no", reason=ReasonCode.STATE_MISSING, hint="")
    assert played.marker() is None


def test_a_turn_is_waited_for_and_told_every_few_seconds() -> None:
    first = Played()
    with take(first):
        pass
    second = other(first)
    with (
        pytest.raises(StateLockedError, match="being changed by https://ci/100") as gave_up,
        take(second, 12.0),
    ):
        pass
    assert "within 12 seconds" in gave_up.value.message
    waited = [each.seconds for each in second.told if isinstance(each, LockAwaited)]
    assert [round(each) // 5 for each in waited] == [0, 1, 2]
    assert second.marker() is None


def test_a_turn_comes_when_the_other_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Played()
    with take(first):
        pass
    second = other(first)

    def end(seconds: float) -> bool:
        first.store.time.turn(seconds)
        first.change.settle()
        first.change.close()
        return False

    clock = dataclasses.replace(second.attempt.run.clock, pause=end)
    monkeypatch.setattr(second.attempt, "run", dataclasses.replace(second.attempt.run, clock=clock))
    with take(second):
        assert second.marker() is not None


def test_a_wish_to_stop_ends_the_wait() -> None:
    first = Played()
    with take(first):
        pass
    second = other(first)
    clock = dataclasses.replace(second.attempt.run.clock, pause=lambda _: True)
    second.attempt.run = dataclasses.replace(second.attempt.run, clock=clock)
    with pytest.raises(CancelledError, match="while it waited"), take(second):
        pass
    assert second.marker() is None


def test_a_lost_turn_is_taken_over_and_noted() -> None:
    second = leave_turn(dead=True)
    with take(second):
        markers = [path for path in second.store.texts if "/changing/" in path]
        assert markers == [f"{PLACE}/changing/a-2/1"]
    (kept,) = [text for path, (text, _) in second.store.texts.items() if "/settlements/" in path]
    assert '"by": "a-2"' in kept


def test_a_silent_turn_of_which_nobody_knows_is_doubted() -> None:
    second = leave_turn(dead=None)
    with pytest.raises(RecoveryError, match="has fallen silent"), take(second):
        pass
    assert second.marker() is None


def test_a_lost_turn_whose_program_still_works_here_is_waited_for() -> None:
    second = leave_turn(dead=True)
    here = second.attempt.run
    orphan = LocalRun("a-1", pid=1, at=1.0, boot=here.identity.boot, engine=os.getpid())
    here.local_runs.write(orphan)
    with pytest.raises(StateLockedError), take(second, 1.0):
        pass
    here.local_runs.write(dataclasses.replace(orphan, engine=0))
    with take(second):
        pass


def test_a_lost_change_of_a_state_is_a_doubt_also_where_there_is_a_state_no_more() -> None:
    first = Played()
    first.change.begin()
    first.store.time.turn(400.0)
    second = other(first, dead=True)
    with pytest.raises(RecoveryError, match="A run was lost while"), take(second):
        pass


def test_a_lost_turn_is_no_doubt_to_those_that_close_its_action() -> None:
    played = Played()
    with take(played):
        pass
    assert not played.store.journal().markers.is_set(played.attempt.begin)


def test_without_a_journal_nobody_waits() -> None:
    played = Played()
    played.attempt.journal = None
    with take(played):
        assert played.marker() is None

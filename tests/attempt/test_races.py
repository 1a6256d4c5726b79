"""Two that act at the same moment: at least one of them sees the other, at each point of either."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import make_begin
from memory_fixtures import MemoryStore, claim, make_run
from purveyor.action import Operation
from purveyor.attempt import Attempt, EntityRecord, MarkedChange, NotOurs
from purveyor.errors import ReasonCode, RecoveryError, StateLockedError
from purveyor.journal import Begin, Capsule, Capsules, End

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.step import StateAccess

ENDED = End(at=1400.0, status="failed", reason="RUNNER_LOST", exit_code=19, message="Lost.")


class InterruptedStore(MemoryStore):
    """A store with which something happens right after a path was written."""

    def __init__(self) -> None:
        super().__init__()
        self.after: dict[str, Callable[[], None]] = {}

    def create(self, path: str, text: str) -> bool:
        created = super().create(path, text)
        self._interrupt(path)
        return created

    def put(self, path: str, text: str) -> None:
        super().put(path, text)
        self._interrupt(path)

    def _interrupt(self, path: str) -> None:
        happens = self.after.pop(path, None)
        if happens is not None:
            happens()


class AwayStore(MemoryStore):
    """A store that can be asked for nothing any more."""

    away = ""

    def paths(self, folder: str) -> list[str]:  # type: ignore[override]  # as an iterable
        if self.away == "paths":
            raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")
        return list(super().paths(folder))

    def create(self, path: str, text: str) -> bool:
        if self.away == "create":
            raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")
        return super().create(path, text)


def take(
    store: MemoryStore, action: str = "a-1", *, dead: bool | None = None, in_progress: bool = False
) -> Attempt | NotOurs:
    run = make_run(store, number=action, dead=dead)
    begin = dataclasses.replace(make_begin(run.identity, at=store.time.seconds), action=action)
    begin = dataclasses.replace(begin, token=f"{action}-{store.time.seconds}")
    return claim(begin, journal=store.journal(), run=run, in_progress=in_progress)


def change_of(store: MemoryStore, action: str) -> MarkedChange:
    attempt = take(store, action)
    assert isinstance(attempt, Attempt)
    blank = Capsule(kind="service", entity="s-1", service="s-1", at=0.0)
    record = EntityRecord(
        blank, Operation.UPDATE, action, Capsules(store), attempt.run.clock.now, lambda _: None
    )
    free: StateAccess = None  # type: ignore[assignment]  # nobody asks for its lock here
    return MarkedChange(attempt, record, free)


def markers(store: MemoryStore) -> list[str]:
    return [path.partition("/changing/")[2] for path in store.texts if "/changing/" in path]


def test_of_two_that_change_an_entity_at_once_one_goes_ahead_at_most() -> None:
    store = InterruptedStore()
    first, second = change_of(store, "a-1"), change_of(store, "a-2")
    saw: list[bool] = []
    place = "journal/entities/service/s-1/changing/a-1/1"
    store.after[place] = lambda: saw.append(second.begin() is not None)
    saw.append(first.begin() is not None)
    assert saw == [True, False]
    assert markers(store) == ["a-1/1"]


def test_who_waited_before_it_looked_sees_what_was_left_meanwhile() -> None:
    store = InterruptedStore()
    lost, slow = change_of(store, "a-1"), change_of(store, "a-2")
    assert lost.begin() is None
    store.time.turn(9000)
    slow.attempt.run = make_run(store, number="a-2", dead=True)
    with pytest.raises(RecoveryError, match="was lost while it changed"):
        slow.begin()
    assert markers(store) == ["a-1/1"]


def test_a_marker_that_stands_is_kept_for_the_next_step() -> None:
    store = MemoryStore()
    change, other = change_of(store, "a-1"), change_of(store, "a-2")
    assert change.begin() is None
    change.settle()
    store.journal().markers.put(other.attempt.begin, at=1.0)  # has not looked yet
    assert change.begin() is None
    assert sorted(markers(store)) == ["a-1/1", "a-2/1"]


def end_first(store: MemoryStore, begin: Begin) -> None:
    assert store.journal().end(begin, ENDED)


def test_who_takes_over_leaves_the_action_to_a_sweep_that_ended_it_meanwhile() -> None:
    store = InterruptedStore()
    first = take(store)
    assert isinstance(first, Attempt)
    store.time.turn(400)
    # Between the look at the dead attempt and the begin of the next one.
    store.after["journal/actions/a-1/2/begin.json"] = lambda: end_first(store, first.begin)
    found = take(store, dead=True)
    assert isinstance(found, NotOurs)
    assert (found.outcome.reason, found.outcome.status) == (ReasonCode.RUNNER_LOST, "failed")
    last = store.journal().last("a-1")
    assert last is not None
    assert (last.begin.attempt, last.end) == (2, ENDED)


def test_a_sweep_sees_who_has_taken_over() -> None:
    store = MemoryStore()
    first = take(store)
    store.time.turn(400)
    second = take(store, dead=True)
    assert isinstance(first, Attempt)
    assert isinstance(second, Attempt)
    assert store.journal().is_followed(first.begin)
    assert not store.journal().is_followed(second.begin)


def test_who_knows_that_another_has_begun_ends_nothing_when_the_store_is_away() -> None:
    store = AwayStore()
    take(store)
    store.time.turn(1)
    store.away = "paths"
    found = take(store)
    assert isinstance(found, NotOurs)
    assert (found.outcome.reason, found.replay) == (ReasonCode.STATE_UNREADABLE, False)
    assert "Another run has begun this action" in found.outcome.message


def test_what_the_platform_shows_in_progress_is_not_ended_when_the_store_is_away() -> None:
    store = AwayStore()
    store.away = "create"
    assert isinstance(take(store, in_progress=True), NotOurs)
    with pytest.raises(RecoveryError):
        take(store)


class SteppedStore(MemoryStore):
    """A store with which something happens right before one request, counted from now."""

    def __init__(self) -> None:
        super().__init__()
        self.left = -1
        self.happens: Callable[[], None] = lambda: None

    def put(self, path: str, text: str) -> None:
        self._step()
        super().put(path, text)

    def remove(self, path: str) -> None:
        self._step()
        super().remove(path)

    def paths(self, folder: str) -> Iterator[str]:
        self._step()
        return super().paths(folder)

    def read(self, path: str) -> str | None:
        self._step()
        return super().read(path)

    def _step(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.happens()


@pytest.mark.parametrize("stops_at", range(1, 12))
def test_of_two_turns_on_an_entity_without_a_state_one_begins_at_most(stops_at: int) -> None:
    store = SteppedStore()
    first, second = change_of(store, "a-1"), change_of(store, "a-2")
    has: dict[str, bool] = {}

    def take_turn(change: MarkedChange, name: str) -> None:
        try:
            with change.taking_turn(0.0, lambda _: None):
                has[name] = True
        except StateLockedError:
            has[name] = False

    store.left, store.happens = stops_at, lambda: take_turn(second, "second")
    take_turn(first, "first")
    assert sum(has.values()) <= 1
    assert len(markers(store)) == sum(has.values())

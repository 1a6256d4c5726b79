"""A heartbeat names the lock of the engine that works, and of none that has ended."""

from __future__ import annotations

import threading
import time

import pytest

from memory_fixtures import HandClock
from purveyor.attempt.heartbeat import BEAT_SECONDS, LOCK_SECONDS, Heartbeat
from purveyor.clock import Clock
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.lock import Lock

MINE = Lock("l-1")


class Beats:
    """A heartbeat that is turned by hand, and the lock's id in each that was written."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.ids: list[str] = []
        self.heart = Heartbeat(self.ids.append, self.time.clock())

    def wait(self, seconds: float) -> float:
        self.time.turn(seconds)
        return self.heart.turn()


@pytest.fixture
def beats() -> Beats:
    return Beats()


def test_a_sign_of_life_comes_every_thirty_seconds(beats: Beats) -> None:
    assert beats.heart.turn() == BEAT_SECONDS
    assert beats.wait(29.0) == pytest.approx(1.0)
    assert beats.ids == []
    assert beats.wait(1.0) == BEAT_SECONDS
    beats.wait(30.0)
    assert beats.ids == ["", ""]


def test_the_lock_is_written_as_soon_as_it_is_known(beats: Beats) -> None:
    beats.heart.hold(lambda: MINE)
    assert beats.heart.turn() == LOCK_SECONDS
    beats.wait(LOCK_SECONDS)
    assert beats.ids == ["l-1"]
    beats.wait(BEAT_SECONDS)
    assert beats.ids == ["l-1", "l-1"]


def test_a_run_that_is_over_at_once_never_asks(beats: Beats) -> None:
    asked: list[int] = []
    beats.heart.hold(lambda: asked.append(1))
    beats.heart.release()
    beats.wait(LOCK_SECONDS)
    assert (asked, beats.ids) == ([], [])


def test_a_lock_that_is_found_after_the_engine_ended_is_nobodys(beats: Beats) -> None:
    def look() -> Lock:
        beats.heart.release()
        return MINE

    beats.heart.hold(look)
    beats.wait(LOCK_SECONDS)
    assert beats.ids == []


def test_a_lock_that_cannot_be_seen_stops_nothing(beats: Beats) -> None:
    def look() -> Lock:
        raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")

    beats.heart.hold(look)
    beats.wait(LOCK_SECONDS)
    assert beats.ids == []
    beats.heart.hold(lambda: MINE)
    beats.wait(LOCK_SECONDS)
    assert beats.ids == ["l-1"]


def test_a_store_that_fails_is_written_to_again_at_the_next_time() -> None:
    hand, tries = HandClock(), 0

    def write(_: str) -> None:
        nonlocal tries
        tries += 1
        raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")

    heart = Heartbeat(write, hand.clock())
    for _ in range(3):
        hand.turn(BEAT_SECONDS)
        heart.turn()
    assert tries == 3


def test_a_thread_turns_it_while_a_run_works() -> None:
    came, offset = threading.Event(), 0.0
    heart = Heartbeat(
        lambda _: came.set(), Clock(lambda: time.monotonic() + offset, time.time, time.sleep)
    )
    with heart.beating():
        offset = 10.0
        heart.hold(lambda: MINE)
        offset = 20.0
        assert came.wait(5)

"""Schedules from seeds break no promise of the product, and planted bugs are found."""

from __future__ import annotations

import time

import pytest
from simulator.__main__ import planted, search, tell
from simulator.bugs import BUGS
from simulator.play import play
from simulator.schedule import Delivery, Schedule, make_schedule
from simulator.shrink import shrink
from simulator.world import Event, Fault


def check(first: int, count: int, *, bug: str = "") -> int | None:
    with planted(bug):
        _, seed = search(range(first, first + count))
        if seed is not None and not bug:
            pytest.fail(tell(seed), pytrace=False)
    return seed


def test_two_thousand_schedules_break_no_promise() -> None:
    check(1, 2000)


def test_a_seed_is_always_the_same_story() -> None:
    stories: list[list[str]] = [[], []]
    with planted(""):
        for story in stories:
            play(make_schedule(7), story=story)
    assert stories[0] == stories[1]
    assert len(stories[0]) > 10


def test_a_failure_becomes_a_short_story() -> None:
    frozen = Event(0, 11, Fault.FREEZE, 2000)
    noise = [Event(0, 3, Fault.PAUSE, 1), Event(1, 2, Fault.LOST), Event(3, 1, Fault.REFUSED)]
    schedule = Schedule(
        deliveries=(Delivery(0, 0), Delivery(1, 1200)),
        sweeps=(400, 8000),
        ahead=(45, 0, -400, 0),
        noticed_after=60,
        events=(*noise, frozen),
    )
    with planted("ci-not-asked"):
        broken = play(schedule)
        short = shrink(schedule, broken)
        assert play(short) == broken
    assert broken == "action-1 is shown as failed while its engine works."
    assert (short.deliveries, short.sweeps, short.events) == ((Delivery(0, 0),), (400,), (frozen,))


def test_who_looked_for_rivals_before_it_marked_would_build_twice() -> None:
    # It stands still between the two, while another comes, builds, and is lost with its machine.
    schedule = Schedule(
        deliveries=(Delivery(0, 1), Delivery(1, 0)),
        sweeps=(700,),
        ahead=(0, 0, 0),
        noticed_after=60,
        events=(Event(0, 12, Fault.MACHINE_LOST), Event(1, 7, Fault.FREEZE, 2000)),
    )
    with planted("look-then-mark"):
        assert play(schedule) == "A thing is built twice."
    with planted(""):
        assert play(schedule) == ""


@pytest.mark.parametrize(
    "bug", ["create-is-put", "end-before-save", "acknowledge-first", "nothing-fetched"]
)
def test_a_plain_bug_is_found_at_once(bug: str) -> None:
    assert check(1, 2000, bug=bug) is not None


@pytest.mark.long
@pytest.mark.timeout(600)
def test_many_schedules_break_no_promise() -> None:
    check(1_000_000, 20_000)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", [each for each in BUGS if each != "look-then-mark"])
def test_a_planted_bug_is_found_within_a_minute(bug: str) -> None:
    began = time.process_time()
    assert check(1, 60_000, bug=bug) is not None
    assert time.process_time() - began < 60

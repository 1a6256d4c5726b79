"""What every inbox keeps to when a try has not been the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from inbox_fixtures import (
    LATER,
    Work,
    delivery,
    play,
    statuses,
    until,
    until_ended,
    until_tried,
    working,
)

from purveyor.inbox.model import DeliveryStatus, pause_after

if TYPE_CHECKING:
    from inbox_fixtures import OpenInbox

    from purveyor.inbox.model import Delivery, DeliveryEnding

WAITING, RUNNING, ENDED, FAILED = DeliveryStatus


def test_what_is_to_be_tried_again_waits_and_holds_back_its_entity(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        clock = [1000.0]
        inbox = open_inbox(now=lambda: clock[0], pauses=lambda tries: 60.0 * tries)
        work = Work(endings={"a1": [LATER, LATER]})
        await inbox.accept(delivery("a1"))
        await inbox.accept(delivery("a2"))
        async with working(inbox, work):
            await until_tried(inbox, "a1", 1)
            await asyncio.sleep(0.7)
            assert work.begun == ["a1"]
            (row,) = [row for row in await inbox.rows([WAITING], 10) if row.action_id == "a1"]
            assert (row.tries, row.due, row.reason) == (1, 1060.0, "PLATFORM_UNREACHABLE")
            clock[0] = 1061.0
            await until_tried(inbox, "a1", 2)
            clock[0] = 1182.0
            await until_ended(inbox)
        assert work.begun == ["a1", "a1", "a1", "a2"]
        assert await statuses(inbox) == {"a1": ENDED, "a2": ENDED}
        await inbox.close()

    play(scene())


def test_after_enough_tries_it_has_failed_and_says_why(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox(pauses=lambda tries: None if tries == 3 else 0.0)
        work = Work(endings={"a1": [LATER] * 9})
        await inbox.accept(delivery("a1"))
        await inbox.accept(delivery("a2"))
        async with working(inbox, work):
            await until_ended(inbox)
        assert work.begun == ["a1", "a1", "a1", "a2"]
        (row,) = await inbox.rows([FAILED], 10)
        assert (row.action_id, row.tries, row.reason) == ("a1", 2, "PLATFORM_UNREACHABLE")
        assert row.ended_at > 0
        await inbox.close()

    play(scene())


def test_what_the_work_raises_counts_as_a_try(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox(pauses=lambda _: None)

        async def perform(_: Delivery) -> DeliveryEnding:
            raise ZeroDivisionError

        await inbox.accept(delivery("a1"))
        stopping = asyncio.Event()
        task = asyncio.create_task(inbox.work(perform, 1, stopping))
        await until_ended(inbox)
        stopping.set()
        await task
        (row,) = await inbox.rows([FAILED], 10)
        assert row.reason == "INTERNAL: ZeroDivisionError"
        await inbox.close()

    play(scene())


def test_a_failed_one_is_retried_when_a_person_says_so(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox(pauses=lambda _: None)
        work = Work(endings={"a1": [LATER]})
        await inbox.accept(delivery("a1"))
        async with working(inbox, work):
            await until_ended(inbox)
            assert await statuses(inbox) == {"a1": FAILED}
            assert await inbox.retry("a1")
            await until_ended(inbox)
            assert await statuses(inbox) == {"a1": ENDED}
            assert not await inbox.retry("a1")
            assert not await inbox.retry("a9")
        await inbox.close()

    play(scene())


def test_a_retried_one_never_runs_beside_another_of_its_entity(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox(pauses=lambda _: None)
        work = Work(endings={"a1": [LATER]})
        await inbox.accept(delivery("a1"))
        async with working(inbox, work):
            await until_ended(inbox)
            work.gate = asyncio.Event()
            await inbox.accept(delivery("a2"))
            await inbox.accept(delivery("a3"))
            await until(lambda: work.begun[-1] == "a2")
            assert await inbox.retry("a1")
            await asyncio.sleep(0.05)
            assert work.begun == ["a1", "a2"]
            work.gate.set()
            await until_ended(inbox)
        assert work.begun == ["a1", "a2", "a1", "a3"]
        await inbox.close()

    play(scene())


def test_a_clock_that_was_turned_back_delays_nothing(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        clock = [5_000_000.0]
        inbox, work = open_inbox(now=lambda: clock[0], pauses=lambda _: 60.0), Work()
        work.endings["a1"] = [LATER]
        await inbox.accept(delivery("a1", at=clock[0]))
        async with working(inbox, work):
            await until_tried(inbox, "a1", 1)
            clock[0] = 1_000_000.0
            await inbox.accept(delivery("a2", "service/s2", at=clock[0]))
            await until_ended(inbox)
        assert work.begun in (["a1", "a2", "a1"], ["a1", "a1", "a2"])
        await inbox.close()

    play(scene())


def test_pauses_grow_to_a_quarter_of_an_hour_and_end() -> None:
    pauses = [pause_after(tries) for tries in range(1, 17)]
    assert pauses[:3] == [5.0, 10.0, 20.0]
    assert pauses[-2:] == [900.0, None]

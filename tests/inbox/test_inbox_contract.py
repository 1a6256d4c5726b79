"""What every inbox keeps to: nothing is lost, doubled or overtaken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from inbox_fixtures import DONE, LATER, Work, delivery, play, statuses, until, until_ended, working

from purveyor.inbox.model import DeliveryEnding, DeliveryStatus, Receipt

if TYPE_CHECKING:
    from inbox_fixtures import OpenInbox

    from purveyor.inbox.model import Delivery

WAITING, RUNNING, ENDED, FAILED = DeliveryStatus


def test_what_was_accepted_is_there_after_the_process_has_gone(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox()
        assert await inbox.accept(delivery("a1")) == Receipt(new=True, status=WAITING)
        second = open_inbox()  # the first one was never closed
        (row,) = await second.rows([WAITING], 10)
        assert (row.action_id, row.entity, row.specification) == ("a1", "service/s1", "mysql")
        assert (row.operation, row.received_at, row.tries) == ("create", 1000.0, 0)
        await second.close()
        await inbox.close()

    play(scene())


def test_a_resend_gets_the_status_of_the_first(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox, work = open_inbox(), Work()
        await inbox.accept(delivery("a1"))
        assert await inbox.accept(delivery("a1")) == Receipt(new=False, status=WAITING)
        async with working(inbox, work):
            await until_ended(inbox)
        assert await inbox.accept(delivery("a1")) == Receipt(new=False, status=ENDED)
        assert work.begun == ["a1"]
        await inbox.close()

    play(scene())


def test_the_same_action_sent_many_times_at_once_is_new_once(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox()
        receipts = await asyncio.gather(*(inbox.accept(delivery("a1")) for _ in range(50)))
        assert [each.new for each in receipts].count(True) == 1
        assert (await inbox.count()).waiting == 1
        await inbox.close()

    play(scene())


def test_a_body_comes_out_as_it_went_in(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox()
        seen: list[Delivery] = []

        async def perform(one: Delivery) -> DeliveryEnding:
            seen.append(one)
            return DONE

        await inbox.accept(delivery("a1"))
        stopping = asyncio.Event()
        task = asyncio.create_task(inbox.work(perform, 1, stopping))
        await until(lambda: bool(seen))
        stopping.set()
        await task
        assert seen == [delivery("a1")]
        await inbox.close()

    play(scene())


def test_of_one_entity_the_next_begins_when_the_one_before_has_ended(
    open_inbox: OpenInbox,
) -> None:
    async def scene() -> None:
        inbox, work = open_inbox(), Work()
        for number in range(12):
            await inbox.accept(delivery(f"a{number}", f"service/s{number % 2}"))
        async with working(inbox, work):
            await until_ended(inbox)
        assert work.most == 2
        for entity in (0, 1):
            expected = [f"a{number}" for number in range(12) if number % 2 == entity]
            assert [each for each in work.begun if each in expected] == expected
        await inbox.close()

    play(scene())


def test_entities_run_beside_each_other_up_to_the_number_of_workers(
    open_inbox: OpenInbox,
) -> None:
    async def scene() -> None:
        inbox, work = open_inbox(), Work(gate=asyncio.Event())
        for number in range(8):
            await inbox.accept(delivery(f"a{number}", f"service/s{number}"))
        async with working(inbox, work, workers=3):
            await until(lambda: len(work.begun) == 3)
            await asyncio.sleep(0.05)
            counts = await inbox.count()
            assert (counts.waiting, counts.running, len(work.begun)) == (5, 3, 3)
            assert work.gate is not None
            work.gate.set()
            await until_ended(inbox)
        assert work.most == 3
        await inbox.close()

    play(scene())


def test_what_had_begun_is_performed_again_after_its_worker_died(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox, work = open_inbox(), Work(gate=asyncio.Event())
        await inbox.accept(delivery("a1"))
        await inbox.accept(delivery("a2"))
        task = asyncio.create_task(inbox.work(work, 4, asyncio.Event()))
        await until(lambda: work.begun == ["a1"])
        task.cancel()
        await asyncio.wait([task])
        await inbox.close()
        again, second = open_inbox(), Work()
        async with working(again, second):
            await until_ended(again)
        assert second.begun == ["a1", "a2"]
        assert await statuses(again) == {"a1": ENDED, "a2": ENDED}
        await again.close()

    play(scene())


def test_stopping_waits_for_what_has_begun_and_begins_nothing(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox, work = open_inbox(), Work(gate=asyncio.Event())
        await inbox.accept(delivery("a1"))
        await inbox.accept(delivery("a2"))
        async with working(inbox, work) as stopping:
            await until(lambda: work.begun == ["a1"])
            stopping.set()
            assert work.gate is not None
            work.gate.set()
        assert await statuses(inbox) == {"a1": ENDED, "a2": WAITING}
        await inbox.close()

    play(scene())


def test_counts_tell_how_many_there_are_and_how_old_the_oldest_is(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        clock = [100.0]
        inbox = open_inbox(now=lambda: clock[0], pauses=lambda _: None)
        counts = await inbox.count()
        assert (counts.waiting, counts.oldest) == (0, 0.0)
        work = Work(endings={"a2": [LATER]})
        for number in (1, 2):
            await inbox.accept(delivery(f"a{number}", f"service/s{number}", at=100.0))
        async with working(inbox, work):
            await until_ended(inbox)
        for number, at in ((3, 1490.0), (4, 1495.0)):
            clock[0] = at
            await inbox.accept(delivery(f"a{number}", at=at))
        clock[0] = 1500.0
        counts = await inbox.count()
        assert (counts.waiting, counts.running, counts.ended, counts.failed) == (2, 0, 1, 1)
        assert counts.oldest == pytest.approx(10.0)
        await inbox.close()

    play(scene())


def test_known_names_those_that_were_ever_accepted(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        inbox = open_inbox()
        await inbox.accept(delivery("a1"))
        many = [f"b{number}" for number in range(3000)]
        assert await inbox.known(["a1", "a'2", *many]) == {"a1"}
        assert await inbox.known([]) == set()
        await inbox.close()

    play(scene())


def test_pruning_forgets_what_ended_before_and_nothing_else(open_inbox: OpenInbox) -> None:
    async def scene() -> None:
        clock = [1000.0]
        inbox, work = open_inbox(now=lambda: clock[0]), Work()
        async with working(inbox, work):
            for number in range(3):
                clock[0] = 1000.0 + number
                await inbox.accept(delivery(f"a{number}"))
                await until_ended(inbox)
        await inbox.accept(delivery("a9"))
        assert await inbox.prune(1002.0) == 2
        assert await statuses(inbox) == {"a2": ENDED, "a9": WAITING}
        assert (await inbox.accept(delivery("a0"))).new
        await inbox.close()

    play(scene())


def test_what_only_waits_is_performed_again_after_its_own_pause_without_end(
    open_inbox: OpenInbox,
) -> None:
    async def scene() -> None:
        inbox, seen = open_inbox(), []
        waiting = DeliveryEnding(DeliveryStatus.WAITING, "APPROVAL_AWAITED", pause=0.01)

        async def perform(one: Delivery) -> DeliveryEnding:
            seen.append(one)
            return waiting if len(seen) < 3 else DONE

        await inbox.accept(delivery("a1"))
        stopping = asyncio.Event()
        task = asyncio.create_task(inbox.work(perform, 1, stopping))
        await until(lambda: len(seen) == 3)
        stopping.set()
        await task
        (row,) = await inbox.rows([DeliveryStatus.ENDED], 10)
        assert row.tries == 0
        await inbox.close()

    play(scene())

"""A PostgreSQL server that goes away under load, and comes back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from inbox_database import make_database
from inbox_fixtures import DONE, delivery, play, statuses, until_ended

from postgres_server import find_programs, run_stoppable_postgres
from purveyor.inbox.model import DeliveryStatus, NotStoredError
from purveyor.inbox.postgres import PostgresInbox
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from purveyor.inbox.model import Delivery, DeliveryEnding

ENTITIES = [f"service/s{number}" for number in range(6)]
EACH = 15


class Load:
    """Two receivers' and two workers' inboxes, and what their deliveries did."""

    def __init__(self, address: str, dead_after: float) -> None:
        self.inboxes = [PostgresInbox(address, dead_after=dead_after) for _ in range(4)]
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.refused = 0

    async def send(self, place: int, entity: str) -> None:
        for number in range(EACH):
            while True:
                try:
                    await self.inboxes[place].accept(delivery(f"{entity}-{number}", entity))
                    break
                except NotStoredError:
                    self.refused += 1
                    await asyncio.sleep(0.1)
            await asyncio.sleep(0.05)

    async def perform(self, one: Delivery) -> DeliveryEnding:
        self.begun.append(one.action_id)
        await asyncio.sleep(0.1)
        self.ended.append(one.action_id)
        return DONE


@pytest.mark.parametrize(
    ("seconds", "dead_after"),
    [(2.5, 1.5), pytest.param(30.0, 10.0, marks=[pytest.mark.long, pytest.mark.timeout(300)])],
)
def test_a_server_that_was_away_costs_no_delivery_and_doubles_none(
    seconds: float, dead_after: float
) -> None:
    """It is away for longer than a worker may be silent, yet nobody takes another one for dead."""
    if find_programs() is None:
        pytest.skip(f"{LEFT_OUT}no PostgreSQL")

    async def scene(address: str) -> None:
        load, stopping = Load(address, dead_after), asyncio.Event()
        working = [
            asyncio.create_task(inbox.work(load.perform, 4, stopping)) for inbox in load.inboxes[2:]
        ]
        sending = [
            asyncio.create_task(load.send(number % 2, entity))
            for number, entity in enumerate(ENTITIES)
        ]
        await asyncio.sleep(0.5)
        away = absent()
        await asyncio.to_thread(away.__enter__)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(away.__exit__, None, None, None)
        await asyncio.gather(*sending)
        await until_ended(load.inboxes[0])
        stopping.set()
        await asyncio.gather(*working)
        assert set((await statuses(load.inboxes[0])).values()) == {DeliveryStatus.ENDED}
        for inbox in load.inboxes:
            await inbox.close()
        assert load.refused > 0
        for entity in ENTITIES:
            expected = [f"{entity}-{number}" for number in range(EACH)]
            for seen in (load.begun, load.ended):
                assert [each for each in seen if each.startswith(f"{entity}-")] == expected

    with run_stoppable_postgres() as (server, absent):
        play(scene(make_database(server)), seconds=seconds + 60)

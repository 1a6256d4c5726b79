"""Deliveries for tests, and what carries them out there."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from purveyor.inbox.model import Delivery, DeliveryEnding, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from purveyor.inbox.model import Inbox

DONE = DeliveryEnding(DeliveryStatus.ENDED, "DONE", "https://ci.example/1")
LATER = DeliveryEnding(DeliveryStatus.WAITING, "PLATFORM_UNREACHABLE")


class OpenInbox(Protocol):
    """Opens the test's inbox; `now` and `pauses` are its clock and its waits between tries."""

    def __call__(
        self,
        *,
        now: Callable[[], float] | None = None,
        pauses: Callable[[int], float | None] | None = None,
    ) -> Inbox: ...


def delivery(action: str, entity: str = "service/s1", *, at: float = 1000.0) -> Delivery:
    """A delivery with a body that no text codec would leave as it is."""
    return Delivery(action, entity, "mysql", "create", b'{"\xff": "\x00"}', at)


@dataclass
class Work:
    """Carries deliveries out, notes when each begins and ends, and can be made to wait."""

    endings: dict[str, list[DeliveryEnding]] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    entities: set[str] = field(default_factory=set)
    gate: asyncio.Event | None = None
    most: int = 0  # how many were under way at once

    async def __call__(self, delivery: Delivery) -> DeliveryEnding:
        assert delivery.entity not in self.entities, "two of one entity at once"
        self.entities.add(delivery.entity)
        self.begun.append(delivery.action_id)
        self.most = max(self.most, len(self.begun) - len(self.ended))
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0.002)
        self.ended.append(delivery.action_id)
        self.entities.remove(delivery.entity)
        left = self.endings.get(delivery.action_id)
        return left.pop(0) if left else DONE


def play(scene: Coroutine[None, None, None], *, seconds: float = 30) -> None:
    """Play a scene, which takes no longer than that."""

    async def limited() -> None:
        await asyncio.wait_for(scene, seconds)

    asyncio.run(limited())


@contextlib.asynccontextmanager
async def working(inbox: Inbox, work: Work, workers: int = 4) -> AsyncIterator[asyncio.Event]:
    """Have deliveries carried out as long as the block lasts, then stop in order."""
    stopping = asyncio.Event()
    task = asyncio.create_task(inbox.work(work, workers, stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await task


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    while not holds():  # noqa: ASYNC110 - what is waited for is the tests' own
        await asyncio.sleep(0.002)


async def statuses(inbox: Inbox) -> dict[str, DeliveryStatus]:
    """How each delivery stands."""
    return {row.action_id: row.status for row in await inbox.rows(list(DeliveryStatus), 10_000)}


async def until_ended(inbox: Inbox) -> None:
    """Wait until nothing waits or runs."""
    while (counts := await inbox.count()).waiting or counts.running:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.005)


async def until_tried(inbox: Inbox, action: str, tries: int) -> None:
    """Wait until it is stored that a delivery was tried so often and is to be tried again."""
    while (action, tries) not in [  # noqa: ASYNC110 - see above
        (row.action_id, row.tries) for row in await inbox.rows([DeliveryStatus.WAITING], 100)
    ]:
        await asyncio.sleep(0.005)

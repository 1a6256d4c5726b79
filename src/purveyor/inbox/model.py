"""What every inbox keeps and promises."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Collection, Iterable

FIRST_PAUSE, LONGEST_PAUSE, MOST_TRIES = 5.0, 900.0, 16  # together about two hours


class DeliveryStatus(StrEnum):
    WAITING = "waiting"  # for its turn, or for its next try
    RUNNING = "running"
    ENDED = "ended"  # the platform was told how the action ended, or a pipeline has it
    FAILED = "failed"  # given up; the reason says why


@dataclass(frozen=True, slots=True)
class Delivery:
    """One accepted notification. `action_id` is what a resend has in common with the first."""

    action_id: str
    entity: str  # `service/5a1f`: its deliveries are carried out one after the other
    specification: str  # the slug of the entity's specification
    operation: str
    body: bytes  # as it came
    received_at: float  # seconds since 1970


@dataclass(frozen=True, slots=True)
class DeliveryEnding:
    """What became of one try; `WAITING` asks for another one after a pause."""

    status: DeliveryStatus
    reason: str = ""  # a reason code, or a sentence where there is none
    run_url: str = ""
    pause: float | None = None  # in seconds, for one that counts as no try; None: as tries go


@dataclass(frozen=True, slots=True)
class Receipt:
    new: bool
    status: DeliveryStatus  # of the first one with this action's id


@dataclass(frozen=True, slots=True)
class InboxRow:
    action_id: str
    entity: str
    specification: str
    operation: str
    received_at: float
    status: DeliveryStatus
    tries: int  # those that asked for another one
    due: float  # when the next try may begin; 0 for at once
    started_at: float  # of the last try; 0 before the first
    ended_at: float  # 0 while it has not
    reason: str
    run_url: str


@dataclass(frozen=True, slots=True)
class InboxCounts:
    waiting: int
    running: int
    ended: int
    failed: int
    oldest: float  # seconds since the oldest one was accepted that has not ended; 0 without one


class NotStoredError(Exception):
    """The inbox cannot write: its disk is full, or its server is away. Nothing was accepted."""


class Inbox(Protocol):
    """Deliveries by action id. Of one entity, the next begins when the one before has ended."""

    async def accept(self, delivery: Delivery) -> Receipt:
        """Store a delivery; it is durable when this returns. Raise NotStoredError."""

    async def work(
        self,
        perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
        workers: int,
        stopping: asyncio.Event,
    ) -> None:
        """Have deliveries carried out until `stopping`, then wait for those that have begun.

        A delivery whose worker died, or was cancelled here, is performed again: `perform` must
        bear that. What it raises counts as a try.
        """

    async def rows(self, statuses: Collection[DeliveryStatus], limit: int) -> list[InboxRow]:
        """Return the newest first."""

    async def retry(self, action_id: str) -> bool:
        """Let one that failed, or waits for its next try, begin at once, as if it were new."""

    async def count(self) -> InboxCounts: ...

    async def known(self, action_ids: Iterable[str]) -> set[str]: ...

    async def prune(self, before: float) -> int:
        """Forget what ended or failed before a time; return how many these were."""

    async def close(self) -> None: ...


def pause_after(tries: int) -> float | None:
    """Return how long to wait after so many tries, in seconds; None when it is to be given up."""
    if tries >= MOST_TRIES:
        return None
    return min(LONGEST_PAUSE, FIRST_PAUSE * float(2 ** (tries - 1)))

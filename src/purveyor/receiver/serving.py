"""The receiver's life: takes in, has carried out, forgets what is old, and stops in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.inbox.model import NotStoredError

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Sequence

    from uvicorn import Server

    from purveyor.inbox.model import Delivery, DeliveryEnding, Inbox
    from purveyor.receiver.app import Receiver
    from purveyor.receiver.events import Tell

_LOOK_SECONDS = 1.0
_PRUNE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class ServeLimits:
    workers: int
    drain: float  # seconds that begun deliveries have to end in, once we are to stop
    keep: float  # seconds that ended deliveries are remembered
    forget: Callable[[float], object]  # forgets what else is left of those that ended before


async def serve(
    receiver: Receiver,
    server: Server,
    listener: socket.socket,
    *,
    perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
    limits: ServeLimits,
    tell: Tell,
    search: Callable[[asyncio.Event], Awaitable[None]] | None = None,
) -> None:
    """Serve until a signal. What has not begun then waits for the next start; so does a run that
    has not ended in time: it goes on, and is found again.
    """
    stopping = asyncio.Event()
    work = asyncio.create_task(receiver.inbox.work(perform, limits.workers, stopping))
    look = asyncio.create_task(_look(receiver.inbox, limits, tell, receiver))
    beside = [look, *([asyncio.ensure_future(search(stopping))] if search else ())]
    serving = asyncio.create_task(server.serve([listener]))
    receiver.works = True
    await asyncio.wait({work, look, serving}, return_when=asyncio.FIRST_COMPLETED)
    receiver.works, server.should_exit = False, True
    await serving
    stopping.set()
    tell("stopping", running=receiver.counts.running)
    await _drain(work, beside, limits)


async def work_until_signal(
    inbox: Inbox,
    *,
    perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
    limits: ServeLimits,
    tell: Tell,
) -> None:
    """Carry out what others have accepted, until a signal; what runs then is as in `serve`."""
    stopping = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    work = asyncio.create_task(inbox.work(perform, limits.workers, stopping))
    look = asyncio.create_task(_look(inbox, limits, tell))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({work, look, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopping.set()
    tell("stopping")
    await _drain(work, [look], limits)


async def _drain(
    work: asyncio.Task[None], beside: Sequence[asyncio.Future[None]], limits: ServeLimits
) -> None:
    await asyncio.wait({work}, timeout=limits.drain)
    for task in (work, *beside):
        if not task.done() or task is not work:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    if not work.cancelled():
        work.result()


async def _look(
    inbox: Inbox, limits: ServeLimits, tell: Tell, receiver: Receiver | None = None
) -> None:
    pruned_at = float("-inf")
    while True:
        try:
            if receiver is not None:
                receiver.counts = await inbox.count()
            if time.monotonic() - pruned_at > _PRUNE_SECONDS:
                pruned_at = time.monotonic()
                before = time.time() - limits.keep
                limits.forget(before)
                if pruned := await inbox.prune(before):
                    tell("pruned", deliveries=pruned)
        except NotStoredError as error:
            tell("fault", message=str(error))
        await asyncio.sleep(_LOOK_SECONDS)

"""An inbox in one SQLite file, for one receiver: WAL, each commit synced, one for many writes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from purveyor import json_text
from purveyor.errors import CatalogError
from purveyor.inbox import sqlite_rows
from purveyor.inbox.model import (
    Delivery,
    DeliveryEnding,
    DeliveryStatus,
    InboxCounts,
    InboxRow,
    NotStoredError,
    Receipt,
    pause_after,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
    from pathlib import Path

T = TypeVar("T")

_LIST = """
SELECT action_id, entity, specification, operation, received_at, status, tries, due, started_at,
  ended_at, reason, run_url
FROM deliveries WHERE status IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT ?
"""
_COUNT = """
SELECT status, count(*), min(received_at) FROM deliveries
WHERE status IN ('waiting', 'running') GROUP BY status
UNION ALL SELECT status, count(*), NULL FROM deliveries
WHERE status IN ('ended', 'failed') GROUP BY status
"""
_KNOWN = "SELECT action_id FROM deliveries WHERE action_id IN (SELECT value FROM json_each(?))"
_GROUP = 256  # writes that share a commit, at most
_LOCK_TRIES = 10
_IDLE = 0.5  # seconds after which what another process or the clock made ready is looked for


class SqliteInbox:
    """Writes queue up while a commit is on its way to the disk, and share the next one.

    They run on the event loop, in microseconds, and only their commit in a thread: a thread that
    asked for the interpreter's lock for each of them would wait for it longer than for the disk.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float] = time.time,
        pauses: Callable[[int], float | None] = pause_after,
    ) -> None:
        self._path = path
        self._now = now
        self._pauses = pauses
        self._writes: list[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._db, self._reading = sqlite_rows.connect(path), sqlite_rows.connect(path)
        self._reading.row_factory = sqlite3.Row

    async def accept(self, delivery: Delivery) -> Receipt:
        row = (
            *(delivery.action_id, delivery.entity, delivery.specification, delivery.operation),
            *(delivery.body, delivery.received_at),
        )
        receipt = await self._write(lambda db: sqlite_rows.insert(db, row))
        self._wake.set()
        return receipt

    async def work(
        self,
        perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
        workers: int,
        stopping: asyncio.Event,
    ) -> None:
        """Raise CatalogError where another process already works on this file."""
        running: set[asyncio.Task[None]] = set()
        async with self._only_worker():
            await self._until_stored(sqlite_rows.take_back)
            try:
                while not stopping.is_set():
                    self._wake.clear()
                    for seq, delivery in await self._claim(workers - len(running)):
                        running.add(asyncio.create_task(self._carry_out(seq, delivery, perform)))
                    await self._wait(stopping, running)
                    running = {each for each in running if not each.done()}
                await asyncio.gather(*running)
            finally:
                for each in running:
                    each.cancel()

    @contextlib.asynccontextmanager
    async def _only_worker(self) -> AsyncIterator[None]:
        """Hold a lock that ends with the process: whatever ran when we take it has no worker."""
        with (self._path.parent / f"{self._path.name}.worker").open("w") as lock:
            # A killed one's may last until a program that it was just starting has begun.
            for _ in range(_LOCK_TRIES):
                with contextlib.suppress(OSError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await asyncio.sleep(0.1)
            else:
                raise CatalogError(
                    f"Another receiver works on the inbox {self._path}.",
                    hint="End it, or give this one an inbox of its own; several receivers share"
                    " one in PostgreSQL.",
                )
            yield

    async def _wait(self, stopping: asyncio.Event, running: set[asyncio.Task[None]]) -> None:
        signs = [asyncio.ensure_future(each.wait()) for each in (stopping, self._wake)]
        await asyncio.wait({*signs, *running}, timeout=_IDLE, return_when=asyncio.FIRST_COMPLETED)
        for each in signs:
            each.cancel()

    async def _claim(self, room: int) -> list[tuple[int, Delivery]]:
        if room <= 0:
            return []
        try:
            return await self._write(lambda db: sqlite_rows.claim(db, room, self._now()))
        except NotStoredError:  # looked for again after the next wait
            return []

    async def _carry_out(
        self,
        seq: int,
        delivery: Delivery,
        perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
    ) -> None:
        try:
            ending = await perform(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it was, the delivery gets its ending
            ending = DeliveryEnding(DeliveryStatus.WAITING, f"INTERNAL: {type(error).__name__}")
        await self._until_stored(
            lambda db: sqlite_rows.end(db, seq, ending, now=self._now(), pauses=self._pauses)
        )

    async def _until_stored(self, operation: Callable[[sqlite3.Connection], None]) -> None:
        while True:
            with contextlib.suppress(NotStoredError):
                return await self._write(operation)
            await asyncio.sleep(_IDLE)

    async def rows(self, statuses: Collection[DeliveryStatus], limit: int) -> list[InboxRow]:
        rows = await self._read(_LIST, (json_text.write(list(statuses)), limit))
        return [InboxRow(**dict(row, status=DeliveryStatus(row["status"]))) for row in rows]

    async def retry(self, action_id: str) -> bool:
        found = await self._write(lambda db: sqlite_rows.retry(db, action_id))
        self._wake.set()
        return found

    async def count(self) -> InboxCounts:
        rows = await self._read(_COUNT)
        counts = {status: number for status, number, _ in rows}
        oldest = min((since for *_, since in rows if since is not None), default=None)
        return InboxCounts(
            **{str(each): counts.get(each, 0) for each in DeliveryStatus},
            oldest=0.0 if oldest is None else max(0.0, self._now() - oldest),
        )

    async def known(self, action_ids: Iterable[str]) -> set[str]:
        rows = await self._read(_KNOWN, (json_text.write(list(action_ids)),))
        return {row[0] for row in rows}

    async def prune(self, before: float) -> int:
        total = 0
        while pruned := await self._write(lambda db: sqlite_rows.prune(db, before)):
            total += pruned
        return total

    async def close(self) -> None:
        if self._flushing is not None:
            await self._flushing
        self._thread.shutdown()
        self._db.close()
        self._reading.close()

    async def _read(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return await self._in_thread(lambda: self._reading.execute(sql, values).fetchall())

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _write(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writes.append((operation, future))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        """Commit what waits, group by group, until nothing does."""
        while self._writes:
            group, self._writes = self._writes[:_GROUP], self._writes[_GROUP:]
            try:
                await self._in_thread(lambda: self._db.execute("BEGIN IMMEDIATE"))
                results = [operation(self._db) for operation, _ in group]
                await self._in_thread(lambda: self._db.execute("COMMIT"))
            except Exception as error:  # noqa: BLE001 - all that wait for this commit are told
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                fault = NotStoredError(f"the inbox {self._path} cannot be written: {error}")
                for _, future in group:
                    if not future.done():  # its caller may have gone
                        future.set_exception(fault)
            else:
                for (_, future), result in zip(group, results, strict=True):
                    if not future.done():
                        future.set_result(result)
        self._flushing = None

"""Deliveries in PostgreSQL: accepted in groups, each with a job whose lock is the entity."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import psycopg

from purveyor.inbox.model import (
    DeliveryStatus,
    InboxCounts,
    InboxRow,
    NotStoredError,
    Receipt,
    pause_after,
)
from purveyor.inbox.postgres.connection import LastingConnection
from purveyor.inbox.postgres.worker import InboxWorker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable
    from typing import LiteralString

    from purveyor.inbox.model import Delivery, DeliveryEnding

_GROUP = 256  # deliveries that share a statement, and so a commit, at most
# Rows go in by action id, so that two receivers wait for each other and never both; jobs by their
# place, which is the entity's order.
_ACCEPT = """
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest(%(action_ids)s::text[], %(entities)s::text[], %(specifications)s::text[],
        %(operations)s::text[], %(bodies)s::bytea[], %(received)s::float8[]) WITH ORDINALITY
        AS given(action_id, entity, specification, operation, body, received_at, place)
    ), new AS (
      INSERT INTO deliveries
        (action_id, entity, specification, operation, body, received_at, accepted_at)
      SELECT action_id, entity, specification, operation, body, received_at, now() FROM given
      ORDER BY action_id ON CONFLICT DO NOTHING RETURNING action_id
    ), jobs AS (
      SELECT procrastinate_defer_jobs_v1(array_agg(ROW('deliveries', 'deliver', 0, entity, NULL,
        jsonb_build_object('action_id', action_id), NULL)::procrastinate_job_to_defer_v1
        ORDER BY place)) FROM given JOIN new USING (action_id)
    )
    SELECT action_id, new.action_id IS NOT NULL, coalesce(known.status, 'waiting')
    FROM jobs, given LEFT JOIN new USING (action_id) LEFT JOIN deliveries known USING (action_id)
"""
_ROWS = """
    SELECT action_id, entity, specification, operation, received_at, status, tries,
      coalesce(extract(epoch FROM due), 0)::float8,
      coalesce(extract(epoch FROM started_at), 0)::float8,
      coalesce(extract(epoch FROM ended_at), 0)::float8, reason, run_url
    FROM deliveries WHERE status = ANY(%(statuses)s) ORDER BY place DESC LIMIT %(limit)s
"""
# One that failed has no job any more; its new one goes before those that came later.
_RETRY = """
    WITH again AS (
      UPDATE deliveries SET status = 'waiting', tries = 0, due = NULL, ended_at = NULL
      WHERE action_id = %(action_id)s AND status IN ('failed', 'waiting')
      RETURNING action_id, entity
    ), kept AS (
      UPDATE procrastinate_jobs SET scheduled_at = NULL FROM again
      WHERE status = 'todo' AND lock = entity AND args ->> 'action_id' = action_id RETURNING id
    )
    SELECT procrastinate_defer_jobs_v1(ARRAY(
      SELECT ROW('deliveries', 'deliver', 1, entity, NULL,
        jsonb_build_object('action_id', action_id), NULL)::procrastinate_job_to_defer_v1
      WHERE NOT EXISTS (SELECT FROM kept))) FROM again
"""
_COUNT = """
    SELECT status, count(*), extract(epoch FROM now() - min(accepted_at))::float8
    FROM deliveries GROUP BY status
"""
_KNOWN = "SELECT action_id FROM deliveries WHERE action_id = ANY(%(action_ids)s)"
_PRUNE = """
    WITH past AS (
      DELETE FROM deliveries
      WHERE ended_at < to_timestamp(%(before)s) RETURNING 1
    ) SELECT count(*) FROM past
"""


class PostgresInbox:
    """`address` is a connection string, `dead_after` how long a worker that is alive may be silent,
    in seconds.
    """

    def __init__(
        self,
        address: str,
        *,
        pauses: Callable[[int], float | None] = pause_after,
        dead_after: float = 30.0,
    ) -> None:
        self._pauses = pauses
        self._dead_after = dead_after
        self._connection = LastingConnection(address)
        self._wake = asyncio.Event()
        self._arrived: list[tuple[Delivery, asyncio.Future[Receipt]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def accept(self, delivery: Delivery) -> Receipt:
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._arrived.append((delivery, future))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all())
        return await future

    async def _store_all(self) -> None:
        """Store what has arrived, group by group: what comes meanwhile shares the next commit."""
        while self._arrived:
            group, self._arrived = self._arrived[:_GROUP], self._arrived[_GROUP:]
            firsts: dict[str, Delivery] = {}
            for delivery, _ in group:
                firsts.setdefault(delivery.action_id, delivery)
            try:
                found = await self._store(list(firsts.values()))
            except Exception as error:  # noqa: BLE001 - all that wait for this commit are told
                for future in (future for _, future in group if not future.done()):
                    future.set_exception(error)
                continue
            for delivery, future in group:
                new, status = found[delivery.action_id]
                new = new and firsts[delivery.action_id] is delivery
                if not future.done():  # its sender has gone
                    future.set_result(Receipt(new=new, status=DeliveryStatus(status)))
        self._storing = None

    async def _store(self, group: list[Delivery]) -> dict[str, tuple[bool, str]]:
        rows = await self._run(
            _ACCEPT,
            action_ids=[each.action_id for each in group],
            entities=[each.entity for each in group],
            specifications=[each.specification for each in group],
            operations=[each.operation for each in group],
            bodies=[each.body for each in group],
            received=[each.received_at for each in group],
        )
        self._wake.set()
        return {action_id: (new, status) for action_id, new, status in rows}

    async def work(
        self,
        perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
        workers: int,
        stopping: asyncio.Event,
    ) -> None:
        work = InboxWorker(self._connection, self._wake, perform, self._pauses, self._dead_after)
        await work.run(workers, stopping)

    async def rows(self, statuses: Collection[DeliveryStatus], limit: int) -> list[InboxRow]:
        found = await self._run(_ROWS, statuses=list(statuses), limit=limit)
        return [InboxRow(*(*row[:5], DeliveryStatus(row[5]), *row[6:])) for row in found]

    async def retry(self, action_id: str) -> bool:
        return bool(await self._run(_RETRY, action_id=action_id))

    async def count(self) -> InboxCounts:
        rows = await self._run(_COUNT)
        counts = {status: number for status, number, _ in rows}
        live = (DeliveryStatus.WAITING, DeliveryStatus.RUNNING)
        return InboxCounts(
            **{str(each): counts.get(each, 0) for each in DeliveryStatus},
            oldest=max((age for status, _, age in rows if status in live), default=0.0),
        )

    async def known(self, action_ids: Iterable[str]) -> set[str]:
        rows = await self._run(_KNOWN, action_ids=list(action_ids))
        return {action_id for (action_id,) in rows}

    async def prune(self, before: float) -> int:
        return int((await self._run(_PRUNE, before=before))[0][0])

    async def close(self) -> None:
        if self._storing is not None:
            await self._storing
        await self._connection.close()

    async def _run(self, statement: LiteralString, **values: object) -> list[Any]:
        try:
            return await self._connection.run(statement, **values)
        except psycopg.Error as error:
            raise NotStoredError(_tell(error)) from None


def _tell(error: psycopg.Error) -> str:
    """Say what is wrong in the server's words: the library's own may quote the password."""
    if error.sqlstate:
        return str(error).partition("\n")[0]
    refused = re.search(r"FATAL: +(.*)", str(error))
    if refused:
        return refused[1]
    wrong = isinstance(error, psycopg.ProgrammingError)
    return "its address is no connection string" if wrong else "PostgreSQL does not answer"

"""Carries deliveries out: takes turns, gives signs of life, takes back what a dead worker held."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

import psycopg

from purveyor.inbox.model import LONGEST_PAUSE, Delivery, DeliveryEnding, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from purveyor.inbox.postgres.connection import LastingConnection

_POLL = 0.05  # seconds between looks for what others made ready
_REST = 1.0  # seconds, after the server refused or was away
_BEATS = 6  # in the time after which a silent worker counts as dead
# Registers again the worker whose row the others have removed: it was silent for too long.
_BEAT = """
    WITH mine AS (
      UPDATE procrastinate_workers SET last_heartbeat = clock_timestamp()
      WHERE id = %(worker)s::bigint RETURNING id
    ), made AS (
      INSERT INTO procrastinate_workers (last_heartbeat) SELECT clock_timestamp()
      WHERE NOT EXISTS (SELECT FROM mine) RETURNING id
    )
    SELECT id, now() FROM mine UNION ALL SELECT id, now() FROM made
    UNION ALL SELECT id, last_heartbeat FROM procrastinate_workers
      WHERE id IS DISTINCT FROM %(worker)s::bigint
"""
# Also what was given to us in an answer that got lost; and what is due later than any pause lasts,
# since the server's clock was turned back.
_TAKE_BACK = """
    WITH gone AS (
      DELETE FROM procrastinate_workers WHERE id = ANY(%(silent)s) RETURNING id
    ), back AS (
      UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1
      WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN (SELECT id FROM gone)
        OR (worker_id = %(worker)s AND id <> ALL(%(running)s)))
      RETURNING args ->> 'action_id' AS action_id
    ), early AS (
      UPDATE procrastinate_jobs SET scheduled_at = NULL
      WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => %(longest)s)
    )
    UPDATE deliveries SET status = 'waiting' FROM back
    WHERE deliveries.action_id = back.action_id AND status = 'running' RETURNING 1
"""
_CLAIM = """
    WITH job AS MATERIALIZED (
      SELECT id, args ->> 'action_id' AS action_id
      FROM procrastinate_fetch_job_v2(ARRAY['deliveries'], %(worker)s) WHERE id IS NOT NULL
    )
    UPDATE deliveries SET status = 'running', started_at = now() FROM job
    WHERE deliveries.action_id = job.action_id
    RETURNING job.id, tries, deliveries.action_id, entity, specification, operation, body,
      received_at
"""
# Neither says anything when another worker has taken the job over meanwhile.
_END = """
    WITH job AS (
      DELETE FROM procrastinate_jobs
      WHERE id = %(job)s AND status = 'doing' AND worker_id = %(worker)s RETURNING id
    )
    UPDATE deliveries SET status = %(status)s, reason = %(reason)s, run_url = %(run_url)s,
      ended_at = now(), due = NULL, body = CASE %(status)s WHEN 'ended' THEN '' ELSE body END
    FROM job WHERE action_id = %(action_id)s RETURNING 1
"""
_TRY_AGAIN = """
    WITH job AS (
      UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + %(counted)s,
        scheduled_at = now() + make_interval(secs => %(pause)s)
      WHERE id = %(job)s AND status = 'doing' AND worker_id = %(worker)s RETURNING scheduled_at
    )
    UPDATE deliveries SET status = 'waiting', reason = %(reason)s, run_url = %(run_url)s,
      due = scheduled_at, tries = tries + %(counted)s
    FROM job WHERE action_id = %(action_id)s RETURNING 1
"""
_LEAVE = "DELETE FROM procrastinate_workers WHERE id = %(worker)s RETURNING 1"


class InboxWorker:
    """One process's share of the work.

    A worker is dead when it gave no sign of life while another one was watching: what that one did
    not see, since the server or it itself was away, does not count, nor does what clocks show.
    """

    def __init__(
        self,
        connection: LastingConnection,
        arrived: asyncio.Event,
        perform: Callable[[Delivery], Awaitable[DeliveryEnding]],
        pauses: Callable[[int], float | None],
        dead_after: float,
    ) -> None:
        self._connection = connection
        self._arrived = arrived
        self._perform = perform
        self._pauses = pauses
        self._dead_after = dead_after
        self._worker: int | None = None
        self._beaten = 0.0  # when we gave a sign of life last
        self._heard: dict[int, tuple[object, float]] = {}  # others' last ones, and since when
        self._running: dict[int, asyncio.Task[None]] = {}  # by the job's number

    async def run(self, workers: int, stopping: asyncio.Event) -> None:
        try:
            while self._running or not stopping.is_set():
                room = len(self._running) < workers and not stopping.is_set()
                try:
                    await self._go_on(room=room)
                except (psycopg.OperationalError, psycopg.errors.UniqueViolation):
                    await asyncio.sleep(_REST)
        finally:
            for task in self._running.values():
                task.cancel()
            with contextlib.suppress(psycopg.Error):
                await self._connection.run(_LEAVE, worker=self._worker)

    async def _go_on(self, *, room: bool) -> None:
        """Begin what is next, or wait for it."""
        if time.monotonic() - self._beaten >= self._dead_after / _BEATS:
            await self._beat()
        self._arrived.clear()
        claimed = await self._connection.run(_CLAIM, worker=self._worker) if room else []
        for job, tries, *fields in claimed:
            if job not in self._running:  # as it is where the others believed us dead
                task = asyncio.create_task(self._carry_out(job, tries, Delivery(*fields)))
                task.add_done_callback(lambda _, done=job: self._running.pop(done))  # type: ignore[misc]
                self._running[job] = task
        if not claimed:
            news = [asyncio.ensure_future(self._arrived.wait())]
            await asyncio.wait(
                {*news, *self._running.values()},  # the last of which may have ended meanwhile
                timeout=_POLL if room else self._dead_after / _BEATS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for each in news:
                each.cancel()

    async def _beat(self) -> None:
        (self._worker, _), *others = await self._connection.run(_BEAT, worker=self._worker)
        now = time.monotonic()
        if now - self._beaten > 2 * self._dead_after / _BEATS:
            self._heard = {}
        self._beaten = now
        known, self._heard = self._heard, {}
        for each, sign in others:
            last, since = known.get(each, (None, now))
            self._heard[each] = (sign, since if sign == last else now)
        silent = [each for each, (_, at) in self._heard.items() if now - at >= self._dead_after]
        await self._connection.run(
            _TAKE_BACK,
            worker=self._worker,
            silent=silent,
            running=list(self._running),
            longest=LONGEST_PAUSE,
        )

    async def _carry_out(self, job: int, tries: int, delivery: Delivery) -> None:
        try:
            ending = await self._perform(delivery)
        except Exception as error:  # noqa: BLE001 - whatever it was, the delivery gets its ending
            ending = DeliveryEnding(DeliveryStatus.WAITING, f"INTERNAL: {type(error).__name__}")
        waits = ending.status is DeliveryStatus.WAITING
        pause = self._pauses(tries + 1) if waits and ending.pause is None else ending.pause
        values = {
            "job": job,
            "action_id": delivery.action_id,
            "status": DeliveryStatus.FAILED if waits else ending.status,
            "reason": ending.reason.replace("\0", "?"),  # the one letter that PostgreSQL refuses
            "run_url": ending.run_url.replace("\0", "?"),
            "pause": pause,
            "counted": int(ending.pause is None),
        }
        while True:
            with contextlib.suppress(psycopg.Error):
                statement = _END if pause is None else _TRY_AGAIN
                await self._connection.run(statement, worker=self._worker, **values)
                return
            await asyncio.sleep(_REST)

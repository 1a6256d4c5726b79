"""What the inbox in PostgreSQL accepts a second, durably, beside plain Procrastinate's `defer`.

`PYTHONPATH=tests:tests/inbox:benchmarks python benchmarks/bench_inbox.py [--seconds 5]`

Both get bodies of 2 kB from so many senders at once; Procrastinate has a pool of 8 connections.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from typing import TYPE_CHECKING

from inbox_database import make_database
from procrastinate import App, PsycopgConnector
from psycopg.conninfo import make_conninfo

from postgres_server import run_postgres
from purveyor.inbox.model import Delivery, DeliveryEnding, DeliveryStatus
from purveyor.inbox.postgres import PostgresInbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BODY = b"x" * 2000
ENTITIES = 50
MANY = 100_000
SENDERS = 32


async def rate(send: Callable[[int], Awaitable[object]], senders: int, seconds: float) -> float:
    """Return how often a second the senders together get their answer."""
    numbers, began, done = itertools.count(), time.perf_counter(), 0

    async def go_on() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await send(next(numbers))
            done += 1

    await asyncio.gather(*(go_on() for _ in range(senders)))
    return done / (time.perf_counter() - began)


async def plain(address: str, senders: int, seconds: float) -> float:
    """Defer jobs as Procrastinate's documentation shows it."""
    app = App(
        connector=PsycopgConnector(
            conninfo=make_conninfo(address, options="-c search_path=plain"), min_size=8, max_size=8
        )
    )

    @app.task(name="perform", queue="plain")
    async def perform(body: str) -> None: ...

    async with app.open_async():
        await app.connector.execute_query_async("CREATE SCHEMA plain")
        await app.schema_manager.apply_schema_async()

        async def send(number: int) -> None:
            job = perform.configure(lock=f"service/{number % ENTITIES}")
            await job.defer_async(body=BODY.decode())

        return await rate(send, senders, seconds)


def delivery(name: str, number: int) -> Delivery:
    entity = f"service/{number % ENTITIES}"
    return Delivery(f"{name}-{number}", entity, "mysql", "create", BODY, time.time())


async def ours(address: str, name: str, senders: int, seconds: float) -> float:
    inbox = PostgresInbox(address)
    try:
        return await rate(lambda n: inbox.accept(delivery(name, n)), senders, seconds)
    finally:
        await inbox.close()


async def worked(address: str, seconds: float) -> float:
    """Return how many deliveries a second 8 workers carry out, each ended at once."""
    inbox, stopping, done = PostgresInbox(address), asyncio.Event(), 0

    async def perform(_: Delivery) -> DeliveryEnding:
        nonlocal done
        done += 1
        return DeliveryEnding(DeliveryStatus.ENDED, "DONE")

    work = asyncio.create_task(inbox.work(perform, 8, stopping))
    await asyncio.sleep(seconds)
    stopping.set()
    await work
    await inbox.close()
    return done / seconds


async def fill(address: str, rows: int) -> None:
    inbox = PostgresInbox(address)
    for start in range(0, rows, 5000):
        some = range(start, min(rows, start + 5000))
        await asyncio.gather(*(inbox.accept(delivery("waiting", n)) for n in some))
    await inbox.close()


async def measure(address: str, seconds: float) -> None:
    """Measure one after the other, and print a line each."""
    first = await plain(address, SENDERS, seconds)
    mine = await ours(address, "few", SENDERS, seconds)
    told = f"plain Procrastinate {first:.0f}/s: {mine / first:.1f} times"
    print(f"accepted from {SENDERS} senders: {mine:.0f}/s, {told}")  # noqa: T201 - the result
    print(f"carried out: {await worked(address, seconds):.0f}/s")  # noqa: T201 - the result
    await fill(address, MANY)
    mine = await ours(address, "many", SENDERS, seconds)
    print(f"accepted while {MANY} wait: {mine:.0f}/s")  # noqa: T201 - the result
    print(f"carried out of {MANY}: {await worked(address, seconds):.0f}/s")  # noqa: T201 - the result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    with run_postgres(durable=True) as server:
        asyncio.run(measure(make_database(server), parser.parse_args().seconds))


if __name__ == "__main__":
    main()

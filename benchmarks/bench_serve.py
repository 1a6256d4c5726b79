"""What the receiver takes in: durable, beside the same server's endpoint that stores nothing.

Notifications have 2 kB. The load comes from this process: on two cores, one each.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import itertools
import os
import signal
import statistics
import subprocess  # noqa: TID251 - the receiver is a process of its own
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from inbox_database import make_database
from serve_stage import TOKEN

from postgres_server import find_programs, run_postgres
from purveyor import json_text
from purveyor.inbox import open_inbox
from purveyor.inbox.model import Delivery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_NUMBERS = itertools.count()
_STAGE = Path(__file__).with_name("serve_stage.py")


def request(path: str) -> bytes:
    """Return one whole request, of an action of its own; 200 services take turns."""
    number = next(_NUMBERS)
    inner = {
        "id": f"action-{os.getpid()}-{number}",
        "type": "create",
        "parameters": {f"parameter_{each}": "x" * 40 for each in range(28)},
        "service": {"id": f"service-{number % 200}", "specification": {"slug": "mysql"}},
        "link": None,
    }
    envelope = {"id": number, "source": "service", "notification": inner}
    body = json_text.write(envelope).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller(asyncio.Protocol):
    """One connection that sends a request and waits for its answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.answer: asyncio.Future[bytes] | None = None
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.answer is not None and data.endswith(b"}"):
            self.answer.set_result(self.received)

    async def call(self, raw: bytes) -> float:
        """Send; return the seconds until the answer, which has to be 202."""
        began = time.perf_counter()
        self.answer = asyncio.get_running_loop().create_future()
        self.received = b""
        self.transport.write(raw)  # type: ignore[attr-defined]  # it is a write transport
        answer = await self.answer
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(answer.decode())
        return time.perf_counter() - began


async def connect(port: int, number: int) -> list[Caller]:
    """Open connections."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Caller, "127.0.0.1", port))[1] for _ in range(number)]


async def saturate(port: int, path: str, seconds: float, callers: int = 128) -> float:
    """Return requests a second with as many as that under way all the time."""
    raw = [request(path) for _ in range(int(seconds * 12_000))]
    end = time.perf_counter() + seconds
    done = 0

    async def go(caller: Caller) -> None:
        nonlocal done
        while time.perf_counter() < end and raw:
            await caller.call(raw.pop())
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(go(each) for each in await connect(port, callers)))
    return done / (time.perf_counter() - began)


async def pace(port: int, path: str, rate: float, seconds: float) -> list[float]:
    """Send at a steady rate; return each request's seconds, sorted."""
    free: asyncio.Queue[Caller] = asyncio.Queue()
    for each in await connect(port, 200):
        free.put_nowait(each)
    taken: list[float] = []

    async def one(raw: bytes, planned: float) -> None:
        caller = await free.get()
        await caller.call(raw)
        taken.append(time.perf_counter() - planned)  # what had to wait for its turn counts as well
        free.put_nowait(caller)

    raw = [request(path) for _ in range(int(rate * seconds))]
    began, tasks = time.perf_counter(), []
    for number, each in enumerate(raw):
        planned = began + number / rate
        if (wait := planned - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.ensure_future(one(each, planned)))
    await asyncio.gather(*tasks)
    return sorted(taken)


@contextlib.contextmanager
def stage(address: str, wait: str = "none") -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """Start the receiver; what it tells goes to a file, as a journal would keep it."""
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [sys.executable, str(_STAGE), address, wait],
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
        )
        errors = child.stderr or io.StringIO()
        try:
            yield int(errors.readline().split()[1]), child
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            errors.close()


def memory(pid: int) -> float:
    """Return a process's resident MB."""
    lines = Path(f"/proc/{pid}/status").read_text().split("\n")
    (line,) = (each for each in lines if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


def play(scene: Callable[[], Awaitable[object]]) -> object:
    """Run a scene on uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(scene())  # type: ignore[arg-type]  # each is a coroutine


def show(name: str, value: object) -> None:
    """Print a line of the table."""
    print(f"{name:<52} {value}", flush=True)  # noqa: T201 - what this is for


def measure_load(address: str, seconds: float) -> None:
    """Measure throughput, the delay at half of it, and both with 100,000 waiting."""

    async def rates(port: int) -> tuple[float, float]:
        await saturate(port, "/bare", 1)
        await saturate(port, "/notifications", 1)
        bare, durable = [], []
        for _ in range(3):  # by turns, so that both have the same machine
            bare.append(await saturate(port, "/bare", seconds))
            durable.append(await saturate(port, "/notifications", seconds))
        return statistics.median(bare), statistics.median(durable)

    with stage(address) as (port, child):
        show("  idle memory, MB", f"{memory(child.pid):.0f}")
        bare, durable = play(lambda: rates(port))  # type: ignore[misc]  # a pair
        show("  bare endpoint, requests/s", f"{bare:.0f}")
        show("  accepted durably, requests/s", f"{durable:.0f}  ({durable / bare:.2f} of bare)")
        times = play(lambda: pace(port, "/notifications", durable / 2, seconds * 2))
        tell_times("  at half of that", times)  # type: ignore[arg-type]  # a list
    with stage(address) as (port, _):
        tell_times("  at 200/s", play(lambda: pace(port, "/notifications", 200, seconds)))  # type: ignore[arg-type]  # a list


def tell_times(name: str, times: list[float]) -> None:
    """Print the median and the 99th percentile."""
    p50, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))
    show(f"{name}, ms", f"p50 {p50:.2f}  p99 {p99:.2f}")


async def fill(address: str, number: int) -> None:
    """Put deliveries into an inbox."""
    inbox = open_inbox(address)
    await asyncio.gather(
        *(
            inbox.accept(
                Delivery(f"w{each}", f"service/w{each % 5000}", "mysql", "create", b"x" * 2000, 0.0)
            )
            for each in range(number)
        )
    )
    await inbox.close()


def measure_waiting(fresh: Callable[[], str], seconds: float, number: int) -> None:
    """Measure what many waiting deliveries add to the median."""
    for many in (0, number):
        address = fresh()
        play(lambda address=address, many=many: fill(address, many))  # type: ignore[misc]  # bound
        os.sync()  # filling is not what is measured
        time.sleep(5)
        with stage(address) as (port, _):
            times = play(lambda port=port: pace(port, "/notifications", 500, seconds))  # type: ignore[misc]  # bound
            tell_times(f"  {many} waiting, at 500/s", times)  # type: ignore[arg-type]  # a list


def measure_start(fresh: Callable[[], str]) -> None:
    """Measure from the start to the first 202, and from an idle POST to the start of work."""
    starts, delays = [], []
    for _ in range(5):
        began = time.monotonic()
        with stage(fresh(), "end") as (port, child):
            play(lambda port=port: once(port))  # type: ignore[misc]  # bound
            starts.append(time.monotonic() - began)
            events = child.stderr or io.StringIO()
            events.readline()
            for _ in range(10):
                time.sleep(0.05)
                sent = time.monotonic()
                play(lambda port=port: once(port))  # type: ignore[misc]  # bound
                delays.append(float(events.readline().split()[1]) - sent)
    show("  start to the first 202, s", f"{statistics.median(starts):.2f}")
    show("  POST to start of work when idle, ms", f"{statistics.median(delays) * 1000:.1f}")


async def once(port: int) -> None:
    """Send one."""
    (caller,) = await connect(port, 1)
    await caller.call(request("/notifications"))


def measure(name: str, fresh: Callable[[], str], options: argparse.Namespace) -> None:
    """Measure one kind of inbox."""
    show(name, "")
    measure_start(fresh)
    measure_load(fresh(), options.seconds)
    measure_waiting(fresh, options.seconds, options.waiting)


def main() -> None:
    """Measure each kind of inbox that there can be here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    counter = itertools.count()
    show("load average", Path("/proc/loadavg").read_text().split()[0])
    if options.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            measure("SQLite", lambda: f"{folder}/{next(counter)}/inbox.sqlite", options)
    if options.only != "sqlite" and find_programs() is not None:
        with run_postgres(durable=True) as postgres:
            measure("PostgreSQL", lambda: make_database(postgres), options)


if __name__ == "__main__":
    main()

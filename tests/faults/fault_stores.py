"""Cells whose fault is not a signal: stores that refuse, a platform that is away, a full disk."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fault_bench import Row, ask, follow_up, opened, wait_for_quiet

from purveyor import json_text
from purveyor.testing import GITHUB, MACHINE_LOST, FolderPlace, run_proxy, run_states, small_disk
from purveyor.testing.disk import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from moto_server import MotoServer
    from purveyor.testing import Proxy, Rig, Started, StateServer

STRANGER = '{"ID":"5f1e0000-0000-0000-0000-000000000000","Who":"somebody@elsewhere"}'


@contextlib.contextmanager
def on_http(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Rig, StateServer]]:
    """Keep states on a server of ours."""
    with run_states() as server:
        address = f'"{server.url}/states/{{name}}"'
        backend = f"{{type: http, address: {address}}}"
        with opened(folder, environment, backend=backend, place=server) as rig:
            yield rig, server


def http_refuses(status: int) -> Callable[[Path, Mapping[str, str]], Row]:
    """The state cannot be written once everything exists."""

    def play(folder: Path, environment: Mapping[str, str]) -> Row:
        with on_http(folder, environment) as (rig, server):
            asked = ask(rig)
            server.refuse["POST"] = status
            started = rig.start(asked)
            started.end()
            server.mend()
            return follow_up(rig, asked, (f"http: {status} on PUT", "state write"), started)

    return play


def http_loses_unlock(folder: Path, environment: Mapping[str, str]) -> Row:
    """The lock is never given back."""
    with on_http(folder, environment) as (rig, server):
        asked = ask(rig)
        server.lose.add("UNLOCK")
        started = rig.start(asked)
        started.end()
        server.mend()
        return follow_up(rig, asked, ("http: UNLOCK lost", "after the state write"), started)


def http_is_locked(folder: Path, environment: Mapping[str, str]) -> Row:
    """Somebody else holds the lock."""
    with on_http(folder, environment) as (rig, server):
        asked = ask(rig)
        server.locks[f"/states/service-{asked.entity}"] = STRANGER
        started = rig.start(asked, "--lock-timeout", "1")
        started.end()
        return follow_up(rig, asked, ("http: 423, locked by others", "apply"), started)


def http_is_slow(folder: Path, environment: Mapping[str, str]) -> Row:
    """GitHub's signals, in their own time, while a state write takes twelve seconds."""
    with on_http(folder, environment) as (rig, server):
        asked = ask(rig)
        rig.ledger.shut("beacon")
        server.slow["POST"] = 12.0
        started = rig.start(asked)
        started.wait_until(lambda: "create beacon" in rig.ledger.lines())
        started.strike(GITHUB)
        started.end()
        return follow_up(rig, asked, ("http: PUT takes 12 s, GitHub cancels", "apply"), started)


def platform_away(report: str) -> Callable[[Path, Mapping[str, str]], Row]:
    """The platform drops connections: from the start, after the first report, or at the end."""

    def play(folder: Path, environment: Mapping[str, str]) -> Row:
        impatient = {**environment, "PURVEYOR_PLATFORM_PATIENCE": "1"}
        with opened(folder, impatient) as rig:
            asked = ask(rig)
            rig.ledger.shut("beacon")
            method = "*" if report == "every call" else "PATCH"
            if report != "the end":
                rig.emulator.fault("drop", count=-1, method=method)
            started = rig.start(asked)
            started.wait_until(lambda: "create beacon" in rig.ledger.lines())
            if report == "the end":
                rig.emulator.fault("drop", count=-1)
            rig.ledger.open()
            started.end()
            return follow_up(rig, asked, ("platform away", report), started)

    return play


def disk_is_full(folder: Path, environment: Mapping[str, str]) -> Row | None:
    """Room runs out while the engine is at work; None where no disk can be mounted."""
    with small_disk(folder / "disk", kibibytes=2048) as disk:
        if disk is None:
            return None
        (disk / "tmp").mkdir()
        (disk / "states").mkdir()
        tight = {**environment, "TMPDIR": str(disk / "tmp")}
        backend = f"{{type: local, path: {disk / 'states'}}}"
        place = FolderPlace(disk / "states")
        with opened(folder, tight, backend=backend, place=place) as rig:
            asked = ask(rig)
            rig.ledger.shut("anchor")
            started = rig.start(asked)
            started.wait_until(lambda: "create anchor" in rig.ledger.lines())
            fill(disk, leaving=0)
            rig.ledger.open()
            started.end()
            (disk / ".filling").unlink()
            return follow_up(rig, asked, ("disk full", "apply"), started)


class BucketPlace:
    """States in a bucket."""

    def __init__(self, moto: MotoServer, bucket: str) -> None:
        self._s3, self._bucket = moto.s3(), bucket

    def text(self, entity: str) -> str | None:
        """Read the object."""
        for key in self._keys(entity):
            if key.endswith(".tfstate"):
                body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
                return body.read().decode()
        return None

    def locked(self, entity: str) -> bool:
        """Look for the lock file."""
        return any(key.endswith(".tflock") for key in self._keys(entity))

    def age(self, seconds: float = 400.0) -> None:
        """Make signs of life older."""
        for each in self._s3.list_objects_v2(Bucket=self._bucket).get("Contents", []):
            if "journal/actions" in each["Key"]:
                body = self._s3.get_object(Bucket=self._bucket, Key=each["Key"])["Body"]
                record = json_text.parse(body.read().decode())
                if isinstance(record, dict) and "at" in record:
                    text = json_text.write({**record, "at": float(str(record["at"])) - seconds})
                    self._s3.put_object(Bucket=self._bucket, Key=each["Key"], Body=text.encode())

    def _keys(self, entity: str) -> list[str]:
        listed = self._s3.list_objects_v2(Bucket=self._bucket).get("Contents", [])
        return [each["Key"] for each in listed if f"services/{entity}/" in each["Key"]]


def play_on_s3(folder: Path, environment: Mapping[str, str], moto: MotoServer, how: str) -> Row:
    """Cut S3 in the middle, or lose the machine, in a phase that only a proxy can hold."""
    bucket = f"states-{os.getpid()}-{threading.get_native_id()}-{time.monotonic_ns()}"
    moto.make_bucket(bucket)
    place = BucketPlace(moto, bucket)
    target = urlsplit(moto.url)
    assert target.hostname is not None
    assert target.port is not None
    with run_proxy(target.hostname, target.port) as proxy:
        reach = {**environment, **moto.environment(), "AWS_ENDPOINT_URL": proxy.url}
        backend = f"{{type: s3, bucket: {bucket}, region: us-east-1}}"
        with opened(folder, reach, backend=backend, place=place) as rig:
            asked = ask(rig)
            rig.ledger.shut("beacon")
            if how == HELD_END:
                proxy.hold(b"/end.json")
            started = rig.start(asked)
            assert started.wait_until(lambda: "create beacon" in rig.ledger.lines())
            break_s3(rig, started, proxy, how)
            proxy.mend()
            place.age()
            fault = "S3 cut" if how == CUT else f"{MACHINE_LOST.name}, S3"
            return follow_up(rig, asked, (fault, how), started, machine=how == CUT)


def break_s3(rig: Rig, started: Started, proxy: Proxy, how: str) -> None:
    """Cut the store until the run has given up, or lose the machine."""
    if how == CUT:
        proxy.cut()
        rig.ledger.open()
        started.end(90)
        return
    if how == HELD_END:
        rig.ledger.open()
        assert started.wait_until(proxy.held.is_set)
    started.strike(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)


CUT = "apply, to its end"
LOST_APPLY = "apply, before the first state write"
HELD_END = "before the journal's end"
CELLS: Mapping[str, Callable[[Path, Mapping[str, str]], Row | None]] = {
    "http 403": http_refuses(403),
    "http 503": http_refuses(503),
    "http unlock": http_loses_unlock,
    "http locked": http_is_locked,
    "http slow": http_is_slow,
    "platform every call": platform_away("every call"),
    "platform each report": platform_away("each report"),
    "platform end": platform_away("the end"),
    "disk full": disk_is_full,
}

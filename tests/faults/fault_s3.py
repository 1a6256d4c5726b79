"""Cells behind a proxy in front of S3: what is cut, refused, slow, or lost, request by request."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fault_deeds import CREATE, DELETE, UPDATE, Deed, opened, request_action
from fault_fixtures import Phase, Row, bring, follow_up, wait_for_quiet

from purveyor import json_text
from purveyor_faultkit import (
    ALL_KILLED,
    ENGINE_KILLED,
    GITHUB,
    GITLAB_DOCKER,
    MACHINE_LOST,
    PROCESS_KILLED,
    run_proxy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from minio_server import MinioServer
    from moto_server import MotoServer
    from purveyor_faultkit import Harness, Proxy, Schedule


class BucketPlace:
    """States in a bucket."""

    def __init__(self, moto: MotoServer | MinioServer, bucket: str) -> None:
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
        """Let signs of life say that they are older."""
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


@dataclass(frozen=True, slots=True)
class Spot:
    """A request of a run's, by its first line."""

    name: str
    part: bytes


LOCATE = Spot("finding the state", rb"^GET \S+prefix=services")
CLAIM = Spot("the claim", rb"^PUT \S+/begin\.json")
LOCK = Spot("taking the lock", rb"^PUT \S+\.tflock")
MARK = Spot("the mark before the change", rb"^PUT \S+/changing/")
WRITE = Spot("the state's write", rb"^PUT \S+/services/\S+\.tfstate[? ]")
UNLOCK = Spot("giving back the lock", rb"^DELETE \S+\.tflock")
REMOVE = Spot("the state's removal", rb"^DELETE \S+/services/\S+\.tfstate[? ]")
CAPSULE = Spot("the capsule", rb"^PUT \S+/capsule\.json")
END = Spot("the journal's end", rb"^PUT \S+/end\.json")
HEARD = Spot("noting that the platform heard", rb"^PUT \S+/heard\.json")

LOST = "S3: answer lost"
REFUSED = "S3: 503"
CUT = "S3: cut for good"
SLOW = "S3: 3 s late"
GONE = "machine lost, S3"


@dataclass(frozen=True, slots=True)
class Case:
    """A fault at a spot while a deed is done."""

    deed: Deed
    fault: str
    spot: Spot

    @property
    def name(self) -> str:
        """Name the case."""
        return f"{self.deed.action}, {self.fault}, {self.spot.name}"


def _cases() -> Iterator[Case]:
    for spot in (CLAIM, LOCK, MARK, WRITE, UNLOCK, CAPSULE, END, HEARD):
        yield Case(CREATE, LOST, spot)
    for spot in (LOCATE, CLAIM, MARK, WRITE, UNLOCK, CAPSULE, END):
        yield Case(CREATE, REFUSED, spot)
    for spot in (LOCATE, CLAIM, MARK, WRITE, UNLOCK, END):
        yield Case(CREATE, CUT, spot)
    for spot in (CLAIM, WRITE, END):
        yield Case(CREATE, SLOW, spot)
    for spot in (CLAIM, MARK, CAPSULE, END):
        yield Case(CREATE, GONE, spot)
    for fault in (LOST, REFUSED, CUT):
        yield Case(UPDATE, fault, WRITE)
        yield Case(DELETE, fault, WRITE)
        yield Case(DELETE, fault, REMOVE)
        yield Case(DELETE, fault, CAPSULE)
    for spot in (WRITE, REMOVE, CAPSULE, END):
        yield Case(DELETE, GONE, spot)


CASES = tuple(_cases())


@contextlib.contextmanager
def on_s3(
    folder: Path, environment: Mapping[str, str], moto: MotoServer | MinioServer
) -> Iterator[tuple[Harness, Proxy]]:
    """Keep states and journal in a bucket of their own, behind a proxy."""
    bucket = f"states-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(bucket)
    place, target = BucketPlace(moto, bucket), urlsplit(moto.url)
    assert target.hostname is not None
    assert target.port is not None
    with run_proxy(target.hostname, target.port) as proxy:
        reach = {**environment, **moto.environment(), "AWS_ENDPOINT_URL": proxy.url}
        own = "" if hasattr(moto, "dynamodb") else f", endpoint: '{proxy.url}'"
        backend = f"{{type: s3, bucket: {bucket}, region: us-east-1{own}}}"
        with opened(folder, reach, backend=backend, place=place) as harness:
            yield harness, proxy


def play_on_s3(folder: Path, environment: Mapping[str, str], moto: MotoServer, case: Case) -> Row:
    """Break one request of a run's; S3 is well again before anything else happens."""
    with on_s3(folder, environment, moto) as (harness, proxy):
        requested = request_action(harness, case.deed)
        disturb(proxy, case)
        started = harness.start(requested, "--lock-timeout", "2")
        if case.fault == GONE:
            assert started.wait_until(proxy.held.is_set), started.end().stderr
            started.send_signals(MACHINE_LOST)
        ended = started.end(120)
        wait_for_quiet(started)
        assert proxy.held.is_set(), f"it never asked: {ended.stderr}"
        proxy.mend()
        name, machine = (case.fault, case.spot.name), case.fault != GONE
        return follow_up(harness, requested, name, started, deed=case.deed, machine=machine)


def disturb(proxy: Proxy, case: Case) -> None:
    """Do to the spot's request what the fault is."""
    proxy.held.clear()
    match case.fault:
        case fault if fault == LOST:
            proxy.lose(case.spot.part)
        case fault if fault == REFUSED:
            proxy.fail(case.spot.part)
        case fault if fault == CUT:
            proxy.cut_after(case.spot.part)
        case fault if fault == SLOW:
            proxy.slow(case.spot.part, 3.0)
        case _:
            proxy.hold(case.spot.part)


STRUCK = [
    (each, phase)
    for phase in (Phase.APPLY_BEFORE, Phase.APPLY_AFTER)
    for each in (GITHUB, GITLAB_DOCKER, PROCESS_KILLED, ENGINE_KILLED, ALL_KILLED)
]


def strike_on_s3(
    folder: Path,
    environment: Mapping[str, str],
    server: MotoServer | MinioServer,
    how: tuple[Schedule, Phase],
) -> Row:
    """Cancel or kill a run whose state and journal are in a bucket."""
    fault, phase = how
    store = "MinIO" if type(server).__name__ == "MinioServer" else "S3"
    with on_s3(folder, environment, server) as (harness, _):
        requested = request_action(harness)
        started = bring(harness, requested, phase)
        started.send_signals(fault)
        harness.resource_log.open()
        started.end()
        wait_for_quiet(started)
        return follow_up(harness, requested, (f"{fault.name}, {store}", phase.value), started)

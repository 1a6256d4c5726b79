"""In S3 a lock outlives its engine: its run frees it, or the sweep by the heartbeat's word."""

from __future__ import annotations

import os
import signal
import uuid
from typing import TYPE_CHECKING

import pytest
from fault_deeds import opened, request_action
from fault_fixtures import wait_for_quiet
from fault_s3 import BucketPlace

from ci_api_fixtures import run_ci_double
from moto_server import MotoServer, run_moto
from purveyor import json_text
from purveyor_faultkit import MACHINE_LOST
from purveyor_faultkit.processes import find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_faultkit import Harness, StartedCommand
    from purveyor_faultkit.harness import RequestedAction

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


class Bucket(BucketPlace):
    """A bucket whose journal can be read, too."""

    def record(self, requested: RequestedAction, name: str) -> JsonObject:
        """Return a record of the first attempt; empty where there is none."""
        wanted = f"journal/actions/{requested.id}/1/{name}"
        return self._parse([key for key in self._all() if key.endswith(wanted)])

    def lock(self, requested: RequestedAction) -> JsonObject:
        """Return the lock; empty when it is free."""
        return self._parse([key for key in self._keys(requested.entity) if key.endswith(".tflock")])

    def marks(self, requested: RequestedAction) -> list[str]:
        """Return the marks on the entity."""
        return [key for key in self._all() if f"/{requested.entity}/changing/" in key]

    def _all(self) -> list[str]:
        listed = self._s3.list_objects_v2(Bucket=self._bucket).get("Contents", [])
        return [each["Key"] for each in listed]

    def _parse(self, keys: list[str]) -> JsonObject:
        if not keys:
            return {}
        text = self._s3.get_object(Bucket=self._bucket, Key=keys[0])["Body"].read().decode()
        value = json_text.parse(text)
        assert isinstance(value, dict)
        return value


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def bucket(moto: MotoServer) -> Bucket:
    name = f"states-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(name)
    return Bucket(moto, name)


@pytest.fixture
def double() -> Iterator[dict[str, str]]:
    """A GitHub that calls the run completed."""
    with run_ci_double() as github:
        github.github_run("completed", conclusion="cancelled")
        yield {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": "acme/infra",
            "GITHUB_RUN_ID": "100",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": "t0ken-t0ken",
        }


@pytest.fixture
def harness(
    tmp_path: Path,
    environment: dict[str, str],
    moto: MotoServer,
    bucket: Bucket,
    double: dict[str, str],
) -> Iterator[Harness]:
    backend = f"{{type: s3, bucket: {bucket._bucket}, region: us-east-1}}"  # noqa: SLF001 - its own kit
    reach = {**environment, **moto.environment(), **double}
    with opened(tmp_path, reach, backend=backend, place=bucket) as harness:
        yield harness


def begin(harness: Harness, requested: RequestedAction) -> StartedCommand:
    harness.resource_log.shut("beacon")
    started = harness.start(requested)
    assert started.wait_until(lambda: "create beacon" in harness.resource_log.lines()), (
        started.end().stderr
    )
    return started


@pytest.mark.slow
def test_a_lost_machines_lock_is_freed_by_the_id_in_its_heartbeat(
    harness: Harness, bucket: Bucket
) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    assert started.wait_until(lambda: bucket.record(requested, "beat.json").get("lock_id"))
    assert bucket.record(requested, "beat.json")["lock_id"] == bucket.lock(requested)["ID"]
    started.send_signals(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    bucket.age(4000.0)  # so that the lock's time tells nothing
    swept = harness.sweep(PURVEYOR_DEAD_AFTER="0")
    assert swept is not None
    assert "freed" in swept.stdout
    assert bucket.lock(requested) == {}
    assert len(bucket.marks(requested)) == 1
    assert harness.run_again(requested, was=harness.observe(requested)).reason == "NEEDS_RECOVERY"


def test_a_run_frees_the_lock_of_its_engine_that_was_killed(
    harness: Harness, bucket: Bucket
) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    engine = find_engine(started.mark, "apply")
    assert engine is not None
    os.kill(engine, signal.SIGKILL)
    ended = started.end()
    assert (ended.code, ended.reason) == (19, "NEEDS_RECOVERY")
    assert "free now" in str(ended.outcome["details"])
    assert bucket.lock(requested) == {}
    assert len(bucket.marks(requested)) == 1


@pytest.mark.slow
def test_what_a_killed_run_and_engine_leave_locked_stays_open_for_the_sweep(
    harness: Harness, bucket: Bucket
) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    assert started.wait_until(lambda: bucket.record(requested, "beat.json").get("lock_id"))
    started.send_signals(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    finished = harness.finish(requested)
    assert finished is not None
    assert finished.code == 19, finished.stderr
    assert harness.observe(requested).status == "failed"
    assert bucket.lock(requested) != {}
    bucket.age()
    swept = harness.sweep(PURVEYOR_DEAD_AFTER="0")
    assert swept is not None
    assert "freed" in swept.stdout + swept.stderr
    assert bucket.lock(requested) == {}

"""A state that the store refuses is kept, saved by the next run, and never built twice."""

from __future__ import annotations

import signal
import stat
import time
from typing import TYPE_CHECKING

import pytest
from state_server_fixtures import RefusingStates, run_refusing_states

from pipeline import finish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finish_fixtures import Stage

pytest_plugins = ["finish_fixtures"]
# Both engines: each writes errored.tfstate, and frees its lock, in its own way.
pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture
def store(stage: Stage) -> Iterator[RefusingStates]:
    """The stage's states are on a server."""
    with run_refusing_states() as server:
        (stage.pipeline.catalog / "purveyor.yaml").write_text(
            f'version: 1\nbackend: {{type: http, address: "{server.url}/{{name}}"}}\n'
        )
        yield server


def parked(stage: Stage) -> list[Path]:
    return [path for path in (stage.cache / "recovery").rglob("*.tfstate") if path.is_file()]


def test_a_state_that_is_refused_for_a_moment_is_saved_in_the_same_run(
    stage: Stage, store: RefusingStates
) -> None:
    notification = stage.ask(1)
    store.refuse = {"POST": 403, "UNLOCK": 403}
    child = stage.pipeline.start(notification)
    stage.wait_until(lambda: list(stage.temporary.rglob("errored.tfstate")))
    store.refuse = {}
    ended = finish(child)
    assert ended.code == 0, ended.stderr
    assert stage.status(notification)[0] == "success"
    assert "saved now" in str(ended.outcome["details"])
    assert store.locks == {}
    assert stage.lines() == ["built"]
    assert parked(stage) == []


@pytest.mark.slow
def test_a_refused_state_is_parked_and_the_next_run_saves_it_first(
    stage: Stage, store: RefusingStates
) -> None:
    notification = stage.ask()
    store.refuse = {"POST": 403, "UNLOCK": 403}
    ended = stage.pipeline.run(notification)
    assert ended.code == 19, ended.stderr
    assert ended.reason == "NEEDS_RECOVERY"
    (kept,) = parked(stage)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(stage.temporary.glob("purveyor-*")) == []

    refused = stage.pipeline.run(stage.again(notification), "--lock-timeout", "0")
    assert refused.code in {14, 19}, refused.stderr
    assert stage.lines() == ["built"]

    store.refuse = {}
    again = stage.pipeline.run(stage.again(notification))
    assert again.code == 0, again.stderr
    assert again.reason == "NOTHING_TO_DO"
    assert stage.lines() == ["built"], "nothing is built twice"
    assert parked(stage) == []
    assert store.locks == {}


def test_finish_saves_what_a_killed_run_left(stage: Stage, store: RefusingStates) -> None:
    notification = stage.ask(1)
    store.refuse = {"POST": 403}
    child = stage.pipeline.start(notification)
    stage.wait_until(lambda: list(stage.temporary.rglob("errored.tfstate")))
    child.kill()
    child.communicate()
    store.refuse = {}
    done = stage.finish(notification)
    assert done.returncode == 0, done.stdout + done.stderr
    status, told = stage.status(notification)
    assert status == "failed"
    assert "RUNNER_LOST" in told
    assert "saved now" in done.stdout + done.stderr
    assert store.serial() > 0
    assert stage.pipeline.run(stage.again(notification)).reason == "NOTHING_TO_DO"
    assert stage.lines() == ["built"]


@pytest.mark.slow
def test_finish_keeps_what_it_cannot_save(stage: Stage, store: RefusingStates) -> None:
    notification = stage.ask(1)
    store.refuse = {"POST": 403}
    child = stage.pipeline.start(notification)
    stage.wait_until(lambda: list(stage.temporary.rglob("errored.tfstate")))
    child.kill()
    child.communicate()
    done = stage.finish(notification)
    assert done.returncode == 19, done.stdout + done.stderr
    assert "NEEDS_RECOVERY" in stage.status(notification)[1]
    (kept,) = parked(stage)
    store.refuse = {}
    rescued = stage.call("state", "rescue", kept.parts[-3])
    assert rescued.returncode == 0, rescued.stderr
    assert kept.name in rescued.stdout
    assert parked(stage) == []
    assert "No unsaved state" in stage.call("state", "rescue", kept.parts[-3]).stderr
    assert stage.pipeline.run(stage.again(notification)).reason == "NOTHING_TO_DO"
    assert stage.lines() == ["built"]


@pytest.mark.slow
def test_the_platform_hears_of_a_cancelling_while_the_state_is_still_written(
    stage: Stage, store: RefusingStates
) -> None:
    notification = stage.ask(60)
    store.slow = 3
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    begun = time.monotonic()
    child.send_signal(signal.SIGINT)
    stage.wait_until(lambda: "Cancelling" in stage.status(notification)[1])
    assert time.monotonic() - begun < 2
    child.send_signal(signal.SIGTERM)
    ended = finish(child)
    assert ended.code == 18, ended.stderr
    assert store.locks == {}
    assert "terraform_data.slow" in stage.status(notification)[1]

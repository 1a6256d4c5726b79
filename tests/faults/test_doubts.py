"""A change that was lost in its middle is doubted by every later run; nothing else is."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from fault_deeds import opened, request_action
from fault_fixtures import let_time_pass, wait_for_quiet

from purveyor.backends.stores.local import FolderStore
from purveyor.entity import EntityRef
from purveyor.journal import Capsules
from purveyor_faultkit import MACHINE_LOST, PROCESS_KILLED
from purveyor_faultkit.processes import find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor_faultkit import Harness, StartedCommand
    from purveyor_faultkit.harness import RequestedAction

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/infra",
    "GITHUB_RUN_ID": "100",
    "GITHUB_RUN_ATTEMPT": "1",
}
REFUSED = (19, "NEEDS_RECOVERY")


@pytest.fixture
def harness(tmp_path: Path, environment: dict[str, str]) -> Iterator[Harness]:
    with opened(tmp_path, environment) as harness:
        yield harness


def begin(
    harness: Harness, requested: RequestedAction, thing: str = "beacon", **environ: str
) -> StartedCommand:
    """Start a run and hold it up while it builds a thing."""
    harness.resource_log.shut(thing)
    started = harness.start(requested, **environ)
    assert started.wait_until(lambda: f"create {thing}" in harness.resource_log.lines()), (
        started.end().stderr
    )
    return started


def signal_engine(started: StartedCommand, number: signal.Signals) -> None:
    engine = find_engine(started.mark, "apply")
    assert engine is not None
    os.kill(engine, number)


def marks(harness: Harness, requested: RequestedAction) -> list[Path]:
    folder = harness.catalog / f"states/journal/entities/service/{requested.entity}/changing"
    return [path for path in folder.rglob("*") if path.is_file()]


def press_again(
    harness: Harness, requested: RequestedAction, action: str = "create", *words: str
) -> tuple[int, str]:
    """Let a user ask again, and return how that run ended."""
    harness.resource_log.open()
    again = harness.request_action("", requested.parameters, action=action, entity=requested.entity)
    ended = harness.run(again, *words)
    return ended.code, ended.reason


def settle(harness: Harness, requested: RequestedAction) -> int:
    target = f"service/{requested.entity}"
    return harness._end("state", "settle", target, "--reason", "looked").code  # noqa: SLF001 - a command that the kit has no word for


def test_a_change_that_ends_leaves_no_mark(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    assert len(marks(harness, requested)) == 1
    harness.resource_log.open()
    assert started.end().code == 0
    assert marks(harness, requested) == []
    assert press_again(harness, requested, "delete") == (0, "DONE")
    assert marks(harness, requested) == []


def test_a_killed_engine_is_told_by_its_run_and_refused_by_the_next(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    signal_engine(started, signal.SIGKILL)
    ended = started.end()
    assert (ended.code, ended.reason) == REFUSED
    assert "state settle" in str(ended.outcome["next_step"])
    assert press_again(harness, requested) == REFUSED
    assert harness.resource_log.doubled() == []
    assert settle(harness, requested) == 0
    assert press_again(harness, requested)[0] == 0


def test_an_engine_that_was_stopped_in_order_leaves_none(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    signal_engine(started, signal.SIGINT)
    assert started.end().code == 15
    assert marks(harness, requested) == []
    assert press_again(harness, requested)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("action", ["update", "delete"])
def test_an_update_or_delete_that_is_killed_is_doubted_too(harness: Harness, action: str) -> None:
    requested = request_action(harness)
    assert harness.run(requested).code == 0
    gated = harness.catalog / "modules/sqs-queue/gated.tf"
    gated.write_text(GATED % (harness.resource_log.folder / "gate.late"))
    if action == "delete":
        assert press_again(harness, requested, "update")[0] == 0
    harness.resource_log.shut("late")
    again = harness.request_action("", requested.parameters, action=action, entity=requested.entity)
    started = harness.start(again)
    verb = {"update": "apply", "delete": "destroy"}[action]
    assert started.wait_until(lambda: "begun" in started.shown()), started.end().stderr
    engine = find_engine(started.mark, verb)
    assert engine is not None
    os.kill(engine, signal.SIGKILL)
    ended = started.end()
    assert (ended.code, ended.reason) == REFUSED
    assert press_again(harness, requested, action) == REFUSED
    assert settle(harness, requested) == 0
    assert press_again(harness, requested, action)[0] == 0


GATED = """
resource "terraform_data" "late" {
  input = "%s"
  provisioner "local-exec" {
    command = "echo begun; while test -e ${self.input}; do sleep 0.02; done"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo begun; while test -e ${self.input}; do sleep 0.02; done"
  }
}
"""


def test_the_same_ci_run_started_again_after_its_machine_was_lost_refuses(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested, **GITHUB)
    started.send_signals(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    harness.resource_log.open()
    ended = harness.run(requested, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    assert (ended.code, ended.reason) == REFUSED
    assert "state settle" in str(ended.outcome["next_step"])
    assert harness.resource_log.doubled() == []
    assert settle(harness, requested) == 0
    assert harness.run(requested, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "3"}).code == 0


@pytest.mark.slow
def test_another_action_waits_while_a_lost_machine_may_still_be_at_work(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested, **GITHUB)
    started.send_signals(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    begun = time.monotonic()
    assert press_again(harness, requested, "create", "--lock-timeout", "1") == (14, "STATE_LOCKED")
    assert time.monotonic() - begun < 15
    assert settle(harness, requested) == 14, "whoever still shows signs of life cannot be settled"
    let_time_pass(harness, requested)
    assert press_again(harness, requested) == REFUSED
    assert harness.resource_log.doubled() == []


@pytest.mark.slow
def test_a_live_run_is_waited_for_until_its_mark_is_gone(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    again = harness.request_action(
        "", requested.parameters, action="create", entity=requested.entity
    )
    second = harness.start(again)
    assert second.wait_until(lambda: "Waiting for" in second.shown())
    harness.resource_log.open()
    assert started.end().code == 0
    ended = second.end()
    assert (ended.code, ended.reason) == (0, "NOTHING_TO_DO")
    assert harness.resource_log.doubled() == []


@pytest.mark.slow
def test_a_killed_run_whose_engine_ended_in_order_leaves_no_doubt(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    started.send_signals(PROCESS_KILLED)
    started.end()
    harness.resource_log.open()
    assert harness.finish(requested).code == 0  # type: ignore[union-attr] # the command is there
    assert marks(harness, requested) == []
    assert press_again(harness, requested) == (0, "NOTHING_TO_DO")


@pytest.mark.slow
def test_a_sweep_tells_what_a_lost_change_needs(harness: Harness) -> None:
    requested = request_action(harness)
    started = begin(harness, requested)
    started.send_signals(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    let_time_pass(harness, requested)
    harness.sweep()
    observation = harness.observe(requested)
    assert observation.status == "failed"
    assert "if that is refused, ask the platform team" in observation.messages
    assert press_again(harness, requested) == REFUSED


@pytest.mark.slow
def test_what_failed_in_the_middle_is_never_taken_for_what_was_never_begun(
    harness: Harness,
) -> None:
    requested = request_action(harness)
    module = harness.catalog / "modules/sqs-queue"
    module.rename(harness.catalog / "away")
    assert harness.run(requested).code == 11
    (harness.catalog / "away").rename(module)
    assert Capsules(FolderStore(harness.catalog / "states")).was_never_built(
        EntityRef("service", requested.entity)
    )
    harness.resource_log.shut("beacon")
    again = harness.request_action("", requested.parameters, entity=requested.entity)
    started = harness.start(again)
    assert started.wait_until(lambda: "create beacon" in harness.resource_log.lines())
    signal_engine(started, signal.SIGINT)
    assert started.end().code == 15
    assert marks(harness, requested) == []
    capsules = Capsules(FolderStore(harness.catalog / "states"))
    assert not capsules.was_never_built(EntityRef("service", requested.entity))

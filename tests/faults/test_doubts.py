"""A change that was lost in its middle is doubted by every later run; nothing else is."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from fault_bench import let_time_pass, wait_for_quiet
from fault_deeds import ask, opened

from purveyor.backends.folder_records import FolderRecords
from purveyor.journal import Capsules
from purveyor_faultkit import MACHINE_LOST, PROCESS_KILLED
from purveyor_faultkit.processes import find_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor_faultkit import Rig, Started
    from purveyor_faultkit.rig import Asked

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/infra",
    "GITHUB_RUN_ID": "100",
    "GITHUB_RUN_ATTEMPT": "1",
}
REFUSED = (19, "NEEDS_RECOVERY")


@pytest.fixture
def rig(tmp_path: Path, environment: dict[str, str]) -> Iterator[Rig]:
    with opened(tmp_path, environment) as rig:
        yield rig


def begin(rig: Rig, asked: Asked, thing: str = "beacon", **environ: str) -> Started:
    """Start a run and hold it up while it builds a thing."""
    rig.ledger.shut(thing)
    started = rig.start(asked, **environ)
    assert started.wait_until(lambda: f"create {thing}" in rig.ledger.lines()), started.end().stderr
    return started


def signal_engine(started: Started, number: signal.Signals) -> None:
    engine = find_engine(started.mark, "apply")
    assert engine is not None
    os.kill(engine, number)


def marks(rig: Rig, asked: Asked) -> list[Path]:
    folder = rig.catalog / f"states/journal/entities/service/{asked.entity}/changing"
    return [path for path in folder.rglob("*") if path.is_file()]


def press_again(rig: Rig, asked: Asked, action: str = "create", *words: str) -> tuple[int, str]:
    """Let a user ask again, and return how that run ended."""
    rig.ledger.open()
    again = rig.ask("", asked.parameters, action=action, entity=asked.entity)
    ended = rig.run(again, *words)
    return ended.code, ended.reason


def settle(rig: Rig, asked: Asked) -> int:
    target = f"service/{asked.entity}"
    return rig._start("state", "settle", target, "--reason", "looked").end().code  # noqa: SLF001 - a command that the kit has no word for


def test_a_change_that_ends_leaves_no_mark(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked)
    assert len(marks(rig, asked)) == 1
    rig.ledger.open()
    assert started.end().code == 0
    assert marks(rig, asked) == []
    assert press_again(rig, asked, "delete") == (0, "DONE")
    assert marks(rig, asked) == []


def test_a_killed_engine_is_told_by_its_run_and_refused_by_the_next(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked)
    signal_engine(started, signal.SIGKILL)
    ended = started.end()
    assert (ended.code, ended.reason) == REFUSED
    assert "state settle" in str(ended.outcome["next_step"])
    assert press_again(rig, asked) == REFUSED
    assert rig.ledger.doubled() == []
    assert settle(rig, asked) == 0
    assert press_again(rig, asked)[0] == 0


def test_an_engine_that_was_stopped_in_order_leaves_none(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked)
    signal_engine(started, signal.SIGINT)
    assert started.end().code == 15
    assert marks(rig, asked) == []
    assert press_again(rig, asked)[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("action", ["update", "delete"])
def test_an_update_or_delete_that_is_killed_is_doubted_too(rig: Rig, action: str) -> None:
    asked = ask(rig)
    assert rig.run(asked).code == 0
    gated = rig.catalog / "modules/sqs-queue/gated.tf"
    gated.write_text(GATED % (rig.ledger.folder / "gate.late"))
    if action == "delete":
        assert press_again(rig, asked, "update")[0] == 0
    rig.ledger.shut("late")
    again = rig.ask("", asked.parameters, action=action, entity=asked.entity)
    started = rig.start(again)
    verb = {"update": "apply", "delete": "destroy"}[action]
    assert started.wait_until(lambda: "begun" in started.shown()), started.end().stderr
    engine = find_engine(started.mark, verb)
    assert engine is not None
    os.kill(engine, signal.SIGKILL)
    ended = started.end()
    assert (ended.code, ended.reason) == REFUSED
    assert press_again(rig, asked, action) == REFUSED
    assert settle(rig, asked) == 0
    assert press_again(rig, asked, action)[0] == 0


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


def test_the_same_ci_run_started_again_after_its_machine_was_lost_refuses(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked, **GITHUB)
    started.strike(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    rig.ledger.open()
    ended = rig.run(asked, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    assert (ended.code, ended.reason) == REFUSED
    assert "state settle" in str(ended.outcome["next_step"])
    assert rig.ledger.doubled() == []
    assert settle(rig, asked) == 0
    assert rig.run(asked, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "3"}).code == 0


@pytest.mark.slow
def test_another_action_waits_while_a_lost_machine_may_still_be_at_work(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked, **GITHUB)
    started.strike(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    begun = time.monotonic()
    assert press_again(rig, asked, "create", "--lock-timeout", "1") == (14, "STATE_LOCKED")
    assert time.monotonic() - begun < 15
    assert settle(rig, asked) == 14, "whoever still shows signs of life cannot be settled"
    let_time_pass(rig, asked)
    assert press_again(rig, asked) == REFUSED
    assert rig.ledger.doubled() == []


@pytest.mark.slow
def test_a_live_run_is_waited_for_until_its_mark_is_gone(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked)
    again = rig.ask("", asked.parameters, action="create", entity=asked.entity)
    second = rig.start(again)
    assert second.wait_until(lambda: "Waiting for" in second.shown())
    rig.ledger.open()
    assert started.end().code == 0
    ended = second.end()
    assert (ended.code, ended.reason) == (0, "NOTHING_TO_DO")
    assert rig.ledger.doubled() == []


@pytest.mark.slow
def test_a_killed_run_whose_engine_ended_in_order_leaves_no_doubt(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked)
    started.strike(PROCESS_KILLED)
    started.end()
    rig.ledger.open()
    assert rig.finish(asked).code == 0  # type: ignore[union-attr] # the command is there
    assert marks(rig, asked) == []
    assert press_again(rig, asked) == (0, "NOTHING_TO_DO")


@pytest.mark.slow
def test_a_sweep_tells_what_a_lost_change_needs(rig: Rig) -> None:
    asked = ask(rig)
    started = begin(rig, asked)
    started.strike(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    let_time_pass(rig, asked)
    rig.sweep()
    sight = rig.look(asked)
    assert sight.status == "failed"
    assert "if that is refused, ask the platform team" in sight.messages
    assert press_again(rig, asked) == REFUSED


@pytest.mark.slow
def test_what_failed_in_the_middle_is_never_taken_for_what_was_never_begun(rig: Rig) -> None:
    asked = ask(rig)
    module = rig.catalog / "modules/sqs-queue"
    module.rename(rig.catalog / "away")
    assert rig.run(asked).code == 11
    (rig.catalog / "away").rename(module)
    assert Capsules(FolderRecords(rig.catalog / "states")).was_never_built("service", asked.entity)
    rig.ledger.shut("beacon")
    again = rig.ask("", asked.parameters, entity=asked.entity)
    started = rig.start(again)
    assert started.wait_until(lambda: "create beacon" in rig.ledger.lines())
    signal_engine(started, signal.SIGINT)
    assert started.end().code == 15
    assert marks(rig, asked) == []
    capsules = Capsules(FolderRecords(rig.catalog / "states"))
    assert not capsules.was_never_built("service", asked.entity)

"""Whatever happens to a run, its action gets an ending, and nothing is built twice."""

from __future__ import annotations

import os
import signal
import stat
import time
from typing import TYPE_CHECKING

import pytest

from pipeline import action_id, finish

if TYPE_CHECKING:
    from finish_fixtures import Stage

    from purveyor.json_text import JsonObject

pytest_plugins = ["finish_fixtures"]
pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]


def killed(stage: Stage, notification: JsonObject) -> None:
    """Start a run, and kill it in the middle of its apply."""
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    child.kill()
    child.communicate()


def settle(stage: Stage, notification: JsonObject) -> None:
    """Say that somebody has looked."""
    inner = notification["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    target = f"service/{inner['service']['id']}"
    done = stage.call("state", "settle", target, "--reason", "nothing is left")
    assert done.returncode == 0, done.stderr
    assert "Settled" in done.stdout


def engine_group(stage: Stage, notification: JsonObject) -> int:
    run_file = stage.run_file(notification)
    assert isinstance(run_file["engine"], int)
    return run_file["engine"]


def test_finish_after_a_success_says_and_changes_nothing(stage: Stage) -> None:
    notification = stage.ask()
    assert stage.pipeline.run(notification).code == 0
    before = stage.status(notification)
    done = stage.finish(notification)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stage.status(notification) == before
    assert list((stage.cache / "runs").iterdir()) == []


def test_a_run_leaves_a_private_file_while_it_works(stage: Stage) -> None:
    notification = stage.ask(1)
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    path = stage.cache / "runs" / f"{action_id(notification)}.json"
    run_file = stage.run_file(notification)
    assert run_file["pid"] == child.pid
    assert os.getpgid(engine_group(stage, notification)) == run_file["engine"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert finish(child).code == 0


def test_a_killed_runs_engine_is_waited_for_and_the_platform_told(stage: Stage) -> None:
    notification = stage.ask(5)
    killed(stage, notification)
    done = stage.finish(notification)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "still at work" in done.stdout
    status, told = stage.status(notification)
    assert status == "failed"
    assert "RUNNER_LOST" in told
    assert list((stage.cache / "runs").iterdir()) == []
    assert list(stage.temporary.glob("purveyor-*")) == []
    again = stage.pipeline.run(stage.again(notification))
    assert again.code == 0, again.stderr
    assert stage.lines() == ["built"], "the engine's work was kept, so that nothing is built twice"


def test_a_run_and_its_engine_are_killed(stage: Stage) -> None:
    notification = stage.ask(30)
    killed(stage, notification)
    os.killpg(engine_group(stage, notification), signal.SIGKILL)
    done = stage.finish(notification, PURVEYOR_JOB_STATUS="cancelled")
    assert done.returncode == 19, done.stdout + done.stderr
    status, told = stage.status(notification)
    assert status == "failed"
    assert "NEEDS_RECOVERY" in told
    assert "state settle service/" in done.stdout + done.stderr
    again = stage.pipeline.run(stage.again(notification))
    assert (again.code, again.reason) == (19, "NEEDS_RECOVERY")
    assert stage.lines() == ["built"], "what the state does not know of is not built twice"
    settle(stage, notification)
    assert stage.pipeline.run(stage.again(notification)).code == 0


def test_an_engine_that_was_killed_before_its_first_change_leaves_no_doubt(stage: Stage) -> None:
    notification = stage.ask()
    with stage.held_before_changes() as is_waiting:
        child = stage.pipeline.start(notification)
        stage.wait_until(is_waiting)
        child.kill()
        child.communicate()
        os.killpg(engine_group(stage, notification), signal.SIGKILL)
    done = stage.finish(notification, PURVEYOR_JOB_STATUS="cancelled")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CANCELLED" in stage.status(notification)[1]
    assert stage.pipeline.run(stage.again(notification)).code == 0
    assert stage.lines() == ["built"]


def test_finish_twice_tells_once(stage: Stage) -> None:
    notification = stage.ask(30)
    killed(stage, notification)
    os.killpg(engine_group(stage, notification), signal.SIGKILL)
    assert stage.finish(notification).returncode == 19
    before = stage.status(notification)
    second = stage.finish(notification)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert stage.status(notification) == before


def test_an_engine_is_stopped_in_order_before_the_cis_time_is_over(stage: Stage) -> None:
    notification = stage.ask(60)
    killed(stage, notification)
    begun = time.monotonic()
    done = stage.finish(notification, "--wait", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - begun < 20
    assert stage.status(notification)[0] == "failed"
    again = stage.pipeline.run(stage.again(notification))
    assert again.code == 0, again.stderr


def test_githubs_schedule_of_signals(stage: Stage) -> None:
    notification = stage.ask(60)
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    begun = time.monotonic()
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)
    stage.wait_until(lambda: "CANCELLED" in stage.status(notification)[1])
    assert time.monotonic() - begun < 2
    ended = finish(child)
    assert ended.code == 18, ended.stderr
    status, told = stage.status(notification)
    assert status == "failed"
    assert "terraform_data.slow" in told
    assert stage.finish(notification, PURVEYOR_JOB_STATUS="cancelled").stdout == ""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_terminal_that_closes_stops_a_run_in_order(stage: Stage, number: signal.Signals) -> None:
    notification = stage.ask(60)
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    child.send_signal(number)
    ended = finish(child)
    assert (ended.code, ended.reason) == (18, "CANCELLED"), ended.stderr
    assert "CANCELLED" in stage.status(notification)[1]
    assert stage.finish(notification).stdout == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_ending_is_given_at_once_when_the_always_step_is_stopped(
    stage: Stage, number: signal.Signals
) -> None:
    notification = stage.ask(60)
    killed(stage, notification)
    child = stage.start_finish(notification)
    assert child.stdout is not None
    assert "still at work" in child.stdout.readline()
    child.send_signal(number)
    told, _ = child.communicate(timeout=40)
    assert child.returncode == 19, told
    assert stage.status(notification)[0] == "failed"
    os.killpg(engine_group(stage, notification), signal.SIGKILL)


def test_an_unheard_success_is_told_as_a_success(stage: Stage) -> None:
    notification = stage.ask()
    deaf = {"NULLPLATFORM_HOST": "http://127.0.0.1:1", "PURVEYOR_PLATFORM_PATIENCE": "1"}
    assert stage.pipeline.run(notification, **deaf).code == 17
    assert stage.finish(notification).returncode == 0
    assert stage.status(notification)[0] == "success"
    assert stage.finish(notification).stdout == ""


def test_a_run_that_never_was_is_told(stage: Stage) -> None:
    notification = stage.ask()
    done = stage.finish(notification)
    assert done.returncode == 0, done.stdout + done.stderr
    status, told = stage.status(notification)
    assert status == "failed"
    assert "RUN_NOT_STARTED" in told


def test_what_another_machine_carries_out_is_left_alone(stage: Stage) -> None:
    notification = stage.ask(5)
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    elsewhere = {"PURVEYOR_CACHE": str(stage.cache.with_name("other-cache"))}
    done = stage.finish(notification, **elsewhere)
    assert done.returncode == 0
    assert "Another run" in done.stdout
    assert finish(child).code == 0
    assert stage.status(notification)[0] == "success"


def test_a_living_run_is_waited_for(stage: Stage) -> None:
    notification = stage.ask(2)
    child = stage.pipeline.start(notification)
    stage.wait_until(stage.lines)
    done = stage.finish(notification)
    assert done.returncode == 0, done.stdout + done.stderr
    assert finish(child).code == 0
    assert stage.status(notification)[0] == "success"

"""A run that was started is followed to its end, by the library and on the command line."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - a command that is interrupted
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from dispatch_fixtures import CIS, TOKEN, HandClock, dispatcher, environment, played

from purveyor import json_text
from purveyor.cli import cli
from purveyor.dispatch import DispatchError
from purveyor.errors import CancelledError, ReasonCode
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from pathlib import Path

    from ci_api_fixtures import CiDouble

PLAIN = b'{"id": "1", "notification": {"id": "a1"}}'
STATES = {
    "github": ["queued", "in_progress", "success"],
    "gitlab": ["pending", "running", "success"],
    "azure": ["notStarted", "inProgress", "succeeded"],
}
WORDS = {
    "github": ["github", "acme/infra", "provision.yml"],
    "gitlab": ["gitlab", "acme/infra"],
    "azure": ["azure", "infra", "12"],
}


@pytest.fixture
def context(tmp_path: Path) -> str:
    (tmp_path / "action.json").write_bytes(PLAIN)
    return str(tmp_path / "action.json")


@pytest.mark.parametrize("ci", CIS)
def test_each_change_is_told_once(double: CiDouble, ci: str) -> None:
    starts, clock = dispatcher(ci, double), HandClock()
    played(ci, double).life.insert(0, played(ci, double).life[0])
    told: list[str] = []
    end = starts.follow(starts.start(PLAIN), told.append, limit=600, clock=clock.clock)
    assert told == STATES[ci]
    assert end.alive is False
    assert clock.waits == [5.0] * 3


@pytest.mark.parametrize("ci", CIS)
def test_a_ci_that_is_busy_for_a_while_is_asked_again(double: CiDouble, ci: str) -> None:
    starts, clock = dispatcher(ci, double), HandClock()
    run = starts.start(PLAIN)
    double.refuse(502, times=2)
    double.refuse(429, headers={"Retry-After": "30"})
    starts.follow(run, str, limit=600, clock=clock.clock)
    assert clock.waits == [5.0, 5.0, 30.0, 5.0, 5.0]


def test_a_run_that_nobody_may_see_any_more_is_not_asked_about_for_ever(double: CiDouble) -> None:
    starts, clock = dispatcher("github", double), HandClock()
    run = starts.start(PLAIN)
    double.refuse(404, {"message": "Not Found"})
    with pytest.raises(DispatchError, match="does not show the run https"):
        starts.follow(run, str, limit=600, clock=clock.clock)
    assert clock.waits == []


def test_a_ci_that_stays_away_ends_the_waiting(double: CiDouble) -> None:
    starts, clock = dispatcher("github", double), HandClock()
    run = starts.start(PLAIN)
    double.refuse(503, times=100)
    with pytest.raises(DispatchError, match="HTTP 503"):
        starts.follow(run, str, limit=60, clock=clock.clock)


@pytest.mark.parametrize("ci", CIS)
def test_a_run_that_never_starts_is_not_waited_for_for_ever(double: CiDouble, ci: str) -> None:
    played(ci, double).life = [(STATES[ci][0], "")]
    starts, clock = dispatcher(ci, double), HandClock()
    run = starts.start(PLAIN)
    with pytest.raises(CancelledError, match=f"within 1 min; it is '{STATES[ci][0]}'") as over:
        starts.follow(run, str, limit=60, clock=clock.clock)
    assert over.value.reason is ReasonCode.TIMED_OUT
    assert run.url in over.value.hint
    assert clock.time <= 60


def test_a_run_that_is_not_known_is_not_followed(double: CiDouble) -> None:
    run = RunIdentity("github", url="https://x.test/actions", project="acme/infra")
    with pytest.raises(DispatchError, match="does not show which run") as lost:
        dispatcher("github", double).follow(run, str, limit=60, clock=HandClock().clock)
    assert "https://x.test/actions" in lost.value.hint
    assert double.requests == []


@pytest.mark.parametrize("ci", CIS)
def test_the_command_prints_the_address_and_exits_as_the_run_does(
    double: CiDouble, ci: str, context: str
) -> None:
    outcomes = [("success", 0), ("failed", 15), ("cancelled", 18)]
    if ci == "azure":
        outcomes = [("succeeded", 0), ("partiallySucceeded", 15), ("canceled", 18)]
    if ci == "gitlab":
        outcomes = [("success", 0), ("failed", 15), ("canceled", 18)]
    for word, code in outcomes:
        played(ci, double).life = [(word, "")] if ci == "gitlab" else [("completed", word)]
        command = ["dispatch", *WORDS[ci], "--context", context, "--wait"]
        done = CliRunner().invoke(cli, command, env=environment(double))
        assert done.exit_code == code
        address, state = done.output.splitlines()
        assert address.startswith("Started: http")
        assert state == word


def test_json_is_one_object_and_progress_goes_elsewhere(double: CiDouble, context: str) -> None:
    command = ["dispatch", *WORDS["github"], "--context", context, "--json", "--wait", "1min"]
    double.github.played.life = [("completed", "success")]
    done = CliRunner().invoke(cli, command, env=environment(double))
    url = "https://github.example.test/acme/infra/actions/runs/100"
    fields = {"ci": "github", "project": "acme/infra", "run": "100", "url": url}
    assert json_text.parse(done.stdout) == {**fields, "conclusion": "success"}
    assert done.stderr.splitlines() == [f"Started: {url}", "success"]


def test_without_wait_the_command_ends_once_the_run_is_started(double: CiDouble) -> None:
    command = ["dispatch", *WORDS["gitlab"], "--context", "-"]
    done = CliRunner().invoke(cli, command, input=PLAIN, env=environment(double))
    assert done.exit_code == 0
    assert len(double.requests) == 1


def test_a_signal_ends_the_waiting_and_not_the_run(double: CiDouble, context: str) -> None:
    double.gitlab.played.life = [("running", "")]
    command = [sys.executable, "-m", "purveyor", "dispatch", *WORDS["gitlab"]]
    with subprocess.Popen(
        [*command, "--context", context, "--wait"],
        env=environment(double),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        while "running" not in child.stdout.readline():
            pass
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate()
    assert child.returncode == 18
    assert "It goes on: https://gitlab.example.test" in errors
    assert TOKEN not in errors
    assert not double.gitlab.played.runs[0].cancelled

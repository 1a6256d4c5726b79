"""A run is dead only when its CI says that it has ended; all else is alive or unknown."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess  # noqa: TID251 - a process that ends
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor.dispatch import engine_runs_here, look_up
from purveyor.extras import EXTRAS
from purveyor.run_identity import RunIdentity, read_machine
from purveyor.settings import Settings

if TYPE_CHECKING:
    from ci_api_fixtures import CiDouble
    from purveyor.dispatch import RunState

PAGE = "https://ci.example.test/100"
GITHUB = RunIdentity("github", run="100", attempt=1, url=PAGE, project="acme/infra")
GITLAB = dataclasses.replace(GITHUB, ci="gitlab")
AZURE = dataclasses.replace(GITHUB, ci="azure", project="infra")
ALL = [GITHUB, GITLAB, AZURE]
TOKEN = "t0ken-t0ken"


def settings(double: CiDouble, **changes: str) -> Settings:
    environ = {
        "GITHUB_API_URL": double.url,
        "GITHUB_TOKEN": TOKEN,
        "CI_API_V4_URL": f"{double.url}/api/v4",
        "GITLAB_TOKEN": TOKEN,
        "SYSTEM_COLLECTIONURI": f"{double.url}/acme/",
        "SYSTEM_ACCESSTOKEN": TOKEN,
    }
    return Settings({**environ, **changes})


def ask(identity: RunIdentity, double: CiDouble, **changes: str) -> RunState:
    return look_up(identity, settings(double, **changes))


@pytest.mark.parametrize(
    ("status", "conclusion", "alive"),
    [
        ("queued", None, True),
        ("in_progress", None, True),
        ("waiting", None, True),
        ("completed", "success", False),
        ("completed", "cancelled", False),
    ],
)
def test_github_says_whether_a_run_is_completed(
    double: CiDouble, status: str, conclusion: str | None, *, alive: bool
) -> None:
    double.github_run(status, conclusion=conclusion)
    found = ask(GITHUB, double)
    assert (found.alive, found.conclusion, found.url) == (alive, conclusion or status, PAGE)
    assert double.asked == [("GET", "/repos/acme/infra/actions/runs/100", f"token {TOKEN}")]


def test_githubs_first_attempt_is_over_while_the_second_runs(double: CiDouble) -> None:
    double.github_run("in_progress", attempt=2)
    assert ask(GITHUB, double).alive is False
    assert ask(dataclasses.replace(GITHUB, attempt=2), double).alive is True


@pytest.mark.parametrize(
    ("status", "alive"),
    [
        ("created", True),
        ("pending", True),
        ("running", True),
        ("canceling", True),
        ("manual", True),
        ("canceled", False),
        ("failed", False),
        ("success", False),
    ],
)
def test_gitlab_says_whether_a_job_has_ended(double: CiDouble, status: str, *, alive: bool) -> None:
    double.gitlab_job(status)
    found = ask(GITLAB, double)
    assert (found.alive, found.conclusion, found.url) == (alive, status, PAGE)
    assert double.asked[0][2] == TOKEN


def test_gitlabs_own_address_does_as_well(double: CiDouble) -> None:
    double.gitlab_job("failed")
    assert ask(GITLAB, double, CI_API_V4_URL="", CI_SERVER_URL=double.url).alive is False


@pytest.mark.parametrize(
    ("status", "result", "alive"),
    [
        ("notStarted", None, True),
        ("inProgress", None, True),
        ("cancelling", None, True),
        ("completed", "canceled", False),
        ("completed", "succeeded", False),
    ],
)
def test_azure_says_whether_a_build_is_completed(
    double: CiDouble, status: str, result: str | None, *, alive: bool
) -> None:
    double.azure_build(status, result=result)
    found = ask(AZURE, double)
    assert (found.alive, found.conclusion, found.url) == (alive, result or status, PAGE)
    assert double.asked[-1][2].startswith("Basic ")


@pytest.mark.parametrize("identity", ALL, ids=lambda each: each.ci)
def test_a_run_that_is_not_found_is_unknown(double: CiDouble, identity: RunIdentity) -> None:
    found = ask(identity, double)
    assert found.alive is None
    assert found.dead is None
    assert "404" in found.conclusion or identity.ci == "azure"
    assert TOKEN not in found.conclusion


@pytest.mark.parametrize("identity", ALL, ids=lambda each: each.ci)
@pytest.mark.parametrize("status", [401, 403, 429, 500, 502])
def test_a_refusal_is_unknown(double: CiDouble, identity: RunIdentity, status: int) -> None:
    double.github_run("completed")
    double.gitlab_job("failed")
    double.azure_build("completed")
    double.answers = {path: (status, {"message": "no"}) for path in double.answers}
    assert ask(identity, double).alive is None


@pytest.mark.parametrize("identity", ALL, ids=lambda each: each.ci)
def test_an_answer_of_another_shape_is_unknown(double: CiDouble, identity: RunIdentity) -> None:
    double.github_run("completed")
    double.gitlab_job("failed")
    double.azure_build("completed")
    double.answers = {path: (200, {"hello": "proxy"}) for path in double.answers}
    assert ask(identity, double).alive is None


@pytest.mark.parametrize("identity", ALL, ids=lambda each: each.ci)
def test_a_ci_that_cannot_be_reached_is_unknown(identity: RunIdentity, double: CiDouble) -> None:
    closed = "http://127.0.0.1:1"
    found = ask(
        identity, double, GITHUB_API_URL=closed, CI_API_V4_URL=closed, SYSTEM_COLLECTIONURI=closed
    )
    assert found.alive is None
    assert double.asked == []


@pytest.mark.parametrize("identity", ALL, ids=lambda each: each.ci)
def test_without_a_token_nobody_is_asked(double: CiDouble, identity: RunIdentity) -> None:
    found = ask(identity, double, GITHUB_TOKEN="", GITLAB_TOKEN="", SYSTEM_ACCESSTOKEN="")
    assert found.alive is None
    assert "is not set" in found.conclusion
    assert double.asked == []


@pytest.mark.parametrize("identity", ALL, ids=lambda each: each.ci)
def test_a_missing_extra_is_named(
    double: CiDouble, identity: RunIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = EXTRAS[identity.ci].module
    monkeypatch.setitem(sys.modules, module, None)
    found = ask(identity, double)
    assert found.alive is None
    assert f"purveyor[{identity.ci}]" in found.conclusion


def test_a_process_of_this_machine_is_looked_at(double: CiDouble) -> None:
    here = read_machine()
    mine = RunIdentity("terminal", host=here.host, boot=here.boot, pid=os.getpid())
    assert ask(mine, double).alive is True
    child = subprocess.Popen(["true"])  # noqa: S607 - any program that ends
    child.wait()
    assert ask(dataclasses.replace(mine, pid=child.pid), double).alive is False
    assert ask(dataclasses.replace(mine, pid=child.pid, boot="b"), double).alive is None
    assert ask(dataclasses.replace(mine, pid=child.pid, host="h"), double).alive is None


def test_a_ci_that_nobody_knows_is_unknown(double: CiDouble) -> None:
    assert ask(dataclasses.replace(GITHUB, ci="bamboo"), double).alive is None


def test_an_engine_that_runs_on_this_machine_is_seen(tmp_path: Path) -> None:
    engine = Path(shutil.copy("/bin/cat", tmp_path / "terraform"))
    with subprocess.Popen([engine], stdin=subprocess.PIPE) as child:
        assert engine_runs_here({"terraform", "tofu"})
        child.communicate(b"\n")

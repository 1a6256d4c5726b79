"""What `purveyor doctor` finds on this machine and in the pipeline's files."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from doctor_fixtures import PIPELINE, WORKFLOW

if TYPE_CHECKING:
    from pathlib import Path

    from doctor_fixtures import Practice


def test_a_variable_that_is_not_what_it_has_to_be(practice: Practice) -> None:
    found = practice.examine(PURVEYOR_TIMEOUT="soon")
    assert found["setting-wrong"]["where"] == "PURVEYOR_TIMEOUT"
    assert practice.code == 19


@pytest.mark.parametrize(
    ("minutes", "limit", "short"), [(30, "", True), (90, "", False), (30, "600", False)]
)
def test_a_login_that_ends_before_a_run_may(
    practice: Practice, minutes: int, limit: str, *, short: bool
) -> None:
    end = datetime.now(UTC) + timedelta(minutes=minutes)
    login = {"AWS_SESSION_TOKEN": "held", "AWS_CREDENTIAL_EXPIRATION": end.isoformat()}
    found = practice.examine(PURVEYOR_TIMEOUT=limit, **login)
    assert ("login-short" in found) is short


def test_a_library_that_the_backend_needs(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    practice.set_catalog(backend={"type": "pg", "connection_from": "DATABASE"})
    monkeypatch.setitem(sys.modules, "psycopg", None)
    found = practice.examine(DATABASE="postgresql://127.0.0.1:1/x")
    assert "psycopg" in found["library-missing"]["what"]
    assert "purveyor[pg]" in found["library-missing"]["fix"]


def test_an_engine_that_does_not_fit(practice: Practice) -> None:
    practice.set_catalog(engine={"name": "opentofu", "version": ">= 99"})
    assert "purveyor engine install" in practice.examine()["engine-missing"]["fix"]


def test_no_engine_at_all(practice: Practice, tmp_path: Path) -> None:
    assert "engine-missing" in practice.examine(PATH=str(tmp_path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (PIPELINE, WORKFLOW.replace(", queue: max", "")),
        (PIPELINE, WORKFLOW.replace("{group: one, queue: max}", "one")),
        (PIPELINE, WORKFLOW.replace("{group: one, queue: max}", "\n  group: one")),
        (".gitlab-ci.yml", "purveyor: {interruptible: true, revision: 12ab} # v9.0.0\n"),
        ("azure-pipelines.yml", "purveyor: 1\nlockBehavior: runLatest\nrevision: 12ab # v9.0.0\n"),
    ],
)
def test_a_pipeline_that_drops_runs(practice: Practice, name: str, text: str) -> None:
    practice.write(name, text)
    found = practice.examine()
    assert found["queue-drops"]["where"] == name
    assert practice.code == 19


@pytest.mark.parametrize(
    ("name", "line", "short"),
    [
        (PIPELINE, "timeout-minutes: 30", True),
        (PIPELINE, "timeout-minutes: 46", False),
        (PIPELINE, "timeout-minutes: ${{ vars.MINUTES }}", False),
        (".gitlab-ci.yml", "timeout: 30 minutes", True),
        (".gitlab-ci.yml", "timeout: 40m", True),
        (".gitlab-ci.yml", "timeout: 1h 30m", False),
        (".gitlab-ci.yml", "timeout: 2 hours", False),
        ("azure-pipelines.yml", "timeoutInMinutes: 10", True),
        ("azure-pipelines.yml", "timeoutInMinutes: 0", False),
    ],
)
def test_a_pipeline_that_gives_too_little_time(
    practice: Practice, name: str, line: str, *, short: bool
) -> None:
    practice.write(name, f"purveyor: 1\n{line}\nrevision: 12ab # v9.0.0\n")
    found = practice.examine()
    assert ("timeout-short" in found) is short
    assert "timeout-short" not in practice.examine(PURVEYOR_TIMEOUT="120")


def test_a_sweep_needs_neither_queue_nor_time(practice: Practice) -> None:
    text = "concurrency: one\ntimeout-minutes: 10\nrun: purveyor sweep\nrevision: 12 # v9.0.0\n"
    practice.write(".github/workflows/sweep.yml", text)
    assert practice.examine() == {}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("uses: acme/purveyor@v0.0.1", "pin-behind"),
        ("uses: acme/purveyor@0123456 # v0.0.1", "pin-behind"),
        ("uses: acme/purveyor/.github/workflows/provision.yml@0123456 # 0.0.9", "pin-behind"),
        ('revision: "0123456" # v0.0.1', "pin-behind"),
        ("ref: refs/tags/v0.0.1", "pin-behind"),
        ("uses: acme/purveyor@0123456 # your copy, by commit", "not-asked"),
        ("uses: acme/purveyor@main", "not-asked"),
        ("uses: acme/purveyor@v9.1.0", ""),
    ],
)
def test_what_a_pipeline_pins(practice: Practice, line: str, code: str) -> None:
    practice.write(PIPELINE, f"purveyor: 1\n{line}\n")
    assert set(practice.examine()) == {*filter(None, [code])}


def test_without_a_pipeline_it_is_said_so(practice: Practice) -> None:
    practice.write(PIPELINE, "jobs: {}\n")
    assert practice.examine()["not-asked"]["where"] == "pipeline"

"""Settings that are wrong: refused before anything is touched, and never by a traceback."""

from __future__ import annotations

import subprocess  # noqa: TID251 - starts the real command
import sys
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, action_id
from purveyor import json_text
from purveyor.settings import FOLDERS, SETTINGS, SHAPES
from warm_commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor_emulator import Emulator

OURS = ("PURVEYOR_TIMEOUT", "PURVEYOR_PLATFORM_PATIENCE", "TMPDIR", "AWS_ENDPOINT_URL")
GIVEN = {"CONTEXT", "PURVEYOR_CONTEXT", "GITHUB_EVENT_PATH", "PATH"}


@pytest.fixture
def pipeline(
    emulator: Emulator, catalog: Path, clean_environment: dict[str, str], tmp_path: Path
) -> Pipeline:
    """A pipeline without an engine: nothing wrong gets as far as one."""
    variables = {"PURVEYOR_CACHE": str(tmp_path / "cache"), "PATH": "/nowhere"}
    (catalog / "purveyor.yaml").write_text("version: 1\nbackend: {type: local}\n")
    return Pipeline(catalog, clean_environment | variables, emulator)


@pytest.mark.parametrize("name", OURS)
def test_a_wrong_setting_is_told_and_the_action_gets_its_ending(
    pipeline: Pipeline, emulator: Emulator, name: str
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    wrong = {name: "abc"}
    done = pipeline.run(asked, **wrong)
    assert (done.code, done.reason) == (11, "CATALOG_INVALID"), done.stderr
    assert emulator.action(action_id(asked))["status"] == "failed"
    assert name in done.stderr
    (pipeline.catalog / "context.json").write_text(json_text.write(asked))
    finished = run_command(
        *("finish", "--context", "context.json"),
        cwd=pipeline.catalog,
        env={**pipeline.environment, **emulator.environment(), **wrong},
    )
    assert finished.returncode == 0, finished.stderr
    assert name in finished.stdout


@pytest.mark.parametrize("variables", [{"PURVEYOR_CACHE": "/proc/1/x"}, {"HOME": "/proc/none"}])
def test_a_cache_that_cannot_be_written_is_told(
    pipeline: Pipeline, emulator: Emulator, variables: dict[str, str]
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    done = pipeline.run(asked, **{"PURVEYOR_CACHE": "", **variables})
    assert (done.code, done.reason) == (11, "CATALOG_INVALID"), done.stderr
    assert "PURVEYOR_CACHE" in done.stderr
    assert emulator.action(action_id(asked))["status"] == "failed"


def test_a_work_folder_that_was_removed_ends_nothing_by_a_traceback(
    pipeline: Pipeline, emulator: Emulator, tmp_path: Path
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    context = tmp_path / "context.json"
    context.write_text(json_text.write(asked))
    line = f'mkdir gone; cd gone; rmdir ../gone; exec "$0" -m purveyor run --context {context}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable],
        cwd=tmp_path,
        env={**pipeline.environment, **emulator.environment(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 11, done.stdout + done.stderr
    assert emulator.action(action_id(asked))["status"] == "failed"


@pytest.mark.parametrize("kilobytes", [300_000, 1_000_000])
def test_a_limit_of_memory_that_no_engine_can_live_with_is_told(
    pipeline: Pipeline, emulator: Emulator, kilobytes: int
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    (pipeline.catalog / "context.json").write_text(json_text.write(asked))
    line = f'ulimit -v {kilobytes}; exec "$0" -m purveyor run --context context.json'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable],
        cwd=pipeline.catalog,
        env={**pipeline.environment, **emulator.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 15, done.stdout + done.stderr
    assert "RLIMIT_AS" in done.stdout
    assert emulator.action(action_id(asked))["status"] == "failed"


# Each with one of the texts; with the other one it is as slow and says as little.
NAMES = [each.name for each in SETTINGS if each.name not in GIVEN]
ODD = ("abc", "/proc/nowhere\x01\u202e/x")


@pytest.mark.long
@pytest.mark.parametrize(("name", "text"), [*zip(NAMES, cycle(ODD), strict=False)])
def test_no_setting_ends_a_run_by_a_traceback(
    pipeline: Pipeline, emulator: Emulator, name: str, text: str
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    done = pipeline.run(asked, **{name: text})
    assert "Traceback" not in done.stderr
    assert done.code in {11, 15, 16}, done.stderr
    if name in {*SHAPES, *FOLDERS}:
        assert (done.code, name in done.stderr) == (11, True)
    else:
        assert done.reason != "INTERNAL"

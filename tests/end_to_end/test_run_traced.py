"""A run whose catalog says `trace: true`, from end to end, and one whose catalog does not."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess  # noqa: TID251 - to see what a run imports
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import finish
from purveyor import json_text
from service_fixtures import OwnService, attribute, own_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "the-canary-sings-1234"
CATALOG = """version: 1
backend: {type: local}
trace: true
services:
  thing:
    steps:
      - name: first
        command: {run: [./work], undo: ['true']}
        parameters: [mood, password]
      - name: second
        command: {run: [./work], undo: ['true']}
"""
WORK = """#!/bin/sh
given=$(cat)
case "$given" in
*'"grumpy"'*) echo "The password the-canary-sings-1234 is refused." >&2; exit 3 ;;
*'"sleepy"'*) touch begun; exec sleep 60 ;;
esac
echo '{"token": "the-canary-sings-1234"}' > "$PURVEYOR_RESULT"
"""


@pytest.fixture
def service(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[OwnService]:
    folder = tmp_path / "catalog"
    properties: Any = {
        "mood": attribute("string", "create", "update"),
        "password": attribute("string", "create", "update", secret=True),
    }
    with own_service(folder, clean_environment, "", properties, catalog=CATALOG) as found:
        (folder / "work").write_text(WORK)
        (folder / "work").chmod(0o755)
        yield found


def told(service: OwnService) -> list[Any]:
    """What the tracing API has taken."""
    asked: list[Any] = service.emulator.requests(path="/tracing/events")
    return [each["body"]["data"] for each in asked if each["status"] == 201]


def ended(service: OwnService) -> dict[str, str]:
    """How each node ended, by its keys below the run."""
    return {
        each["run_id"].partition("~")[2].replace("@0.0", ""): each["status"]
        for each in told(service)
    }


def test_a_success_is_told_with_its_steps_and_where_it_ran(service: OwnService) -> None:
    done = service.pipeline.run(
        service.emulator.request_action(service.id, "create", {"password": SECRET}),
        PURVEYOR_RUN_URL="https://ci.example/runs/7",
    )
    assert done.code == 0, done.stderr
    completed = ("", "first", "first~run", "second", "second~run")
    assert ended(service) == dict.fromkeys(completed, "completed")
    assert told(service)[0]["facets"]["tracing.externalLinks"][0]["uri"].endswith("runs/7")
    assert told(service)[0]["labels"]["service.id"] == service.id
    assert SECRET not in repr(told(service))


def test_a_failure_is_told_with_its_reason_and_without_secrets(service: OwnService) -> None:
    done = service.run("create", mood="grumpy", password=SECRET)
    assert done.code == 15
    assert ended(service) == dict.fromkeys(("", "first", "first~run"), "failed")
    facets = told(service)[-1]["facets"]
    assert facets["tracing.error"]["code"] == done.reason
    assert set(facets["tracing.explain"]) == {"title", "what", "why", "next", "severity"}
    assert SECRET not in repr(told(service))


def test_what_never_began_is_told(service: OwnService) -> None:
    catalog = service.pipeline.catalog
    shutil.rmtree(catalog / "modules")
    (catalog / "purveyor.yaml").write_text("version: 1\nbackend: {type: local}\ntrace: true\n")
    assert service.run("create").reason == "MODULE_NOT_FOUND"
    assert told(service)[-1]["facets"]["tracing.error"]["code"] == "MODULE_NOT_FOUND"


def test_a_cancelled_run_is_told_as_one(service: OwnService) -> None:
    child = service.pipeline.start(
        service.emulator.request_action(service.id, "create", {"mood": "sleepy"})
    )
    while not list(service.pipeline.catalog.rglob("begun")):
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    done = finish(child)
    assert (done.code, done.reason) == (18, "CANCELLED"), done.stderr
    assert ended(service) == dict.fromkeys(("", "first", "first~run"), "cancelled")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 400},
        pytest.param({"kind": "drop"}, marks=pytest.mark.long),
    ],
)
def test_an_api_that_takes_nothing_changes_no_outcome(
    service: OwnService, fault: dict[str, Any]
) -> None:
    service.emulator.fault(**fault, count=-1, path="/tracing/events")
    done = service.run("create")
    assert (done.code, done.outcome["platform_heard"]) == (0, True), done.stderr
    assert "The trace of this run ends here." in done.stderr


@pytest.mark.long
def test_a_slow_api_costs_a_run_two_seconds_at_most(service: OwnService) -> None:
    assert service.run("create").code == 0
    began = time.monotonic()
    assert service.run("update").code == 0
    quick = time.monotonic() - began
    service.emulator.fault("latency", seconds=10, count=-1, path="/tracing/events")
    began = time.monotonic()
    done = service.run("update")
    assert (done.code, done.outcome["platform_heard"]) == (0, True), done.stderr
    assert time.monotonic() - began < quick + 2.5


def test_without_credentials_nobody_is_told(service: OwnService) -> None:
    asked = service.emulator.request_action(service.id, "create", {})
    nobody = dataclasses.replace(service.pipeline, emulator=None)
    assert nobody.run(asked).reason == "DONE"
    assert told(service) == []


@pytest.mark.parametrize(
    ("trace", "flags", "loaded"),
    [
        ("false", [], False),
        pytest.param("true", ["--no-report"], False, marks=pytest.mark.long),
        pytest.param("true", ["--plan"], False, marks=pytest.mark.long),
        ("true", [], True),
    ],
)
def test_nothing_is_loaded_for_a_run_that_is_not_traced(
    service: OwnService, trace: str, flags: list[str], *, loaded: bool
) -> None:
    catalog = service.pipeline.catalog / "purveyor.yaml"
    catalog.write_text(CATALOG.replace("trace: true", f"trace: {trace}"))
    asked = json_text.write(service.emulator.request_action(service.id, "create", {}))
    words = ["purveyor", "run", "--json", "--context", "-", *flags]
    code = (
        f"import sys; sys.argv = {words!r}\n"
        "from purveyor.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=catalog.parent,
        env={**service.pipeline.environment, **service.emulator.environment()},
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("purveyor.reporter.traces" in done.stderr.split()) is loaded
    assert bool(told(service)) is loaded

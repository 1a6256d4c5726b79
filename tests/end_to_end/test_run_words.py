"""What a run's log says, and does not say, where nothing is wrong with the run itself."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from pipeline import finish

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


def asked(emulator: Emulator) -> JsonObject:
    service = emulator.create_service("sqs-queue", name="orders")
    return emulator.request_action(str(service["id"]), "create", {"queue_name": "orders"})


def test_what_was_asked_for_is_no_warning(pipeline: Pipeline, emulator: Emulator) -> None:
    done = pipeline.run(asked(emulator), "--no-report", GITHUB_ACTIONS="true")
    assert done.code == 0, done.stderr
    assert "Reporting is switched off: the platform is not told." in done.stderr
    assert "switched off" not in "".join(
        line for line in done.stderr.splitlines() if line.startswith("::")
    )


def test_an_action_that_had_already_failed_is_information(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    notification = asked(emulator)
    inner = notification["notification"]
    assert isinstance(inner, dict)
    inner["parameters"] = {"queue_name": 5}
    assert pipeline.run(notification).reason == "PARAMETER_INVALID"
    done = pipeline.run(notification)
    assert done.code == 0
    assert "already ended (failed): nothing was run." in done.stderr
    assert "error:" not in done.stderr


def test_a_platform_that_is_away_is_said_once_at_the_end_and_costs_one_patience(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    notification = asked(emulator)
    nobody = {"NULLPLATFORM_HOST": "http://127.0.0.1:9", "PURVEYOR_PLATFORM_PATIENCE": "2"}
    done = pipeline.run(notification, **nobody)
    assert (done.code, done.outcome["status"]) == (17, "success")
    assert done.stderr.count("did not answer") == 2, "once at the beginning, once at the end"
    assert float(str(done.outcome["seconds"])) > 2, "the waiting is part of what it took"


def test_a_signal_ends_the_waiting_for_a_platform_that_is_away(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    notification = asked(emulator)
    emulator.fault("drop", count=-1, method="PATCH")
    run = pipeline.start(notification)
    journal = catalog / ".purveyor"
    while not list(journal.rglob("end.json")) and run.poll() is None:
        time.sleep(0.05)
    run.send_signal(signal.SIGTERM)
    began = time.monotonic()
    done = finish(run)
    assert time.monotonic() - began < 6
    assert (done.code, done.outcome["status"]) == (17, "success")
    assert list(journal.rglob("open/*")), "the journal keeps it as unheard"

"""Nothing waits for the platform but the end, and the end is not lost."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from reporter_fixtures import BRISK, Stage, broke, set_stage, worked

from purveyor.client import RetryPolicy
from purveyor.errors import CredentialsError
from purveyor.redaction import Redactor
from purveyor.reporter import BackgroundReporter, SilentReporter, background, open_reporter
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.reporter import ReportTimeouts
    from purveyor_emulator import Emulator

_RUN = "https://ci.example/runs/7"
# Long enough to fail a test that waits for it.
_LONG = replace(BRISK, start=RetryPolicy(total=60.0, first_wait=30.0, longest_wait=30.0))


@contextlib.contextmanager
def _background(stage: Stage, timeouts: ReportTimeouts = BRISK) -> Iterator[BackgroundReporter]:
    with stage.reporter(timeouts) as reporter:
        background = BackgroundReporter(reporter)
        with contextlib.closing(background):
            yield background


def _wait_until_sent(stage: Stage, what: str) -> None:
    end = time.monotonic() + 5
    while what not in stage.sent():
        assert time.monotonic() < end, f"never sent: {what}"
        time.sleep(0.01)


def test_a_whole_action_is_reported_in_order(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with _background(stage) as reporter:
        assert reporter.read_snapshot(stage.context).action_status == "pending"
        reporter.begin(stage.context, run_url=_RUN)
        reporter.say(stage.context, "warn", "waiting for a lock")
        delivery = reporter.end(stage.context, worked({"port": 3306}))
    assert (delivery.delivered, delivery.notes) == (True, ())
    assert stage.action()["status"] == "success"
    assert stage.texts() == [
        f"Started. Follow the run: {_RUN}",
        "waiting for a lock",
        "Created service orders: 3 created.",
    ]


def test_neither_begin_nor_say_waits_for_the_platform(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("latency", seconds=1.5, count=1)
    with _background(stage) as reporter:
        began = time.monotonic()
        reporter.begin(stage.context, run_url=_RUN)
        reporter.say(stage.context, "error", "trouble")
        assert time.monotonic() - began < 1.2
        assert reporter.end(stage.context, broke()).delivered
    assert stage.texts()[0] == f"Started. Follow the run: {_RUN}"


def test_the_standing_can_be_asked_for_ahead(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with _background(stage) as reporter:
        reporter.prepare(stage.context)
        _wait_until_sent(stage, "GET /service")
        emulator.fault("status", status=500, count=-1)
        assert reporter.read_snapshot(stage.context).asked


def test_specifications_are_read_while_the_engine_runs(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with _background(stage) as reporter:
        reporter.begin(stage.context, run_url=_RUN)
        _wait_until_sent(stage, "GET /service_specification")
        emulator.platform.recorder.clear()
        reporter.end(stage.context, worked({"port": 3306}))
        assert stage.sent() == ["GET /service", "PATCH /service", "PATCH /service/action"]


def test_the_end_does_not_wait_for_a_beginning_that_is_tried_again(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("drop", method="PATCH")
    with _background(stage, _LONG) as reporter:
        reporter.begin(stage.context, run_url=_RUN)
        _wait_until_sent(stage, "PATCH /service/action")
        began = time.monotonic()
        delivery = reporter.end(stage.context, broke())
        assert time.monotonic() - began < 5
    assert delivery.delivered
    assert stage.action()["status"] == "failed"
    assert stage.texts()[0] == f"Started. Follow the run: {_RUN}"


def test_waiting_messages_are_sent_after_a_while(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with _background(stage, replace(BRISK, batch=0.1)) as reporter:
        reporter.say(stage.context, "info", "a step")
        _wait_until_sent(stage, "PATCH /service/action")
    assert stage.texts() == ["a step"]


@pytest.fixture
def own_interrupt() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_signal_does_not_lose_the_end(emulator: Emulator, own_interrupt: None) -> None:
    del own_interrupt
    stage = set_stage(emulator)
    emulator.fault("latency", seconds=0.6, count=1, method="PATCH")

    def interrupt() -> None:
        _wait_until_sent(stage, "PATCH /service/action")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with _background(stage) as reporter:
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            reporter.end(stage.context, broke())
    thread.join()
    assert stage.action()["status"] == "failed"
    assert stage.texts()[-1].startswith("Reason: PARAMETER_INVALID")


def test_the_end_leaves_no_thread_behind(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    before = threading.active_count()
    with stage.reporter() as inner:
        reporter = BackgroundReporter(inner)
        reporter.begin(stage.context, run_url=_RUN)
        reporter.end(stage.context, broke())
        assert threading.active_count() <= before


def test_a_fault_of_our_own_on_the_way_is_noted_at_the_end(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with _background(stage) as reporter:
        reporter.say(stage.context, None, "no level")  # type: ignore[arg-type]
        delivery = reporter.end(stage.context, broke())
    assert delivery.delivered
    assert "'NoneType' object has no attribute" in delivery.notes[-1]


def test_without_credentials_nothing_is_told_and_the_end_is_unheard(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    reporter = open_reporter(Settings({"NULLPLATFORM_HOST": emulator.url}), Redactor())
    snapshot = reporter.read_snapshot(stage.context)
    reporter.begin(stage.context, run_url=_RUN)
    reporter.say(stage.context, "error", "trouble")
    delivery = reporter.end(stage.context, broke())
    assert not snapshot.asked
    assert "NULLPLATFORM_API_KEY" in snapshot.note
    assert snapshot.level == "warning"
    assert (delivery.delivered, delivery.notes) == (False, (snapshot.note,))
    assert stage.sent() == []


def test_switched_off_reporting_counts_as_heard(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    reporter = SilentReporter()
    snapshot = reporter.read_snapshot(stage.context)
    assert "switched off" in snapshot.note
    assert snapshot.level == "info", "it was asked for"
    assert reporter.end(stage.context, broke()).delivered


def test_the_environment_leads_to_the_platform(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    reporter = open_reporter(Settings(emulator.environment()), Redactor())
    assert reporter.read_snapshot(stage.context).action_status == "pending"
    assert reporter.end(stage.context, broke()).delivered


def test_an_address_without_encryption_is_refused_before_anything_is_sent() -> None:
    settings = Settings({"NULLPLATFORM_HOST": "http://platform.example", "NP_TOKEN": "token"})
    with pytest.raises(CredentialsError, match="over plain http"):
        open_reporter(settings, Redactor())


def test_a_time_limit_for_reports_is_kept(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    nobody = {"NULLPLATFORM_HOST": "http://127.0.0.1:9", "NP_TOKEN": "token"}
    reporter = open_reporter(Settings({**nobody, "PURVEYOR_PLATFORM_PATIENCE": "1"}), Redactor())
    began = time.monotonic()
    assert not reporter.end(stage.context, broke()).delivered
    assert time.monotonic() - began < 20


def _away(policy: int) -> Settings:
    """An environment whose platform refuses every connection."""
    seconds = {"PURVEYOR_PLATFORM_PATIENCE": str(policy)}
    return Settings({"NULLPLATFORM_HOST": "http://127.0.0.1:9", "NP_TOKEN": "token", **seconds})


def test_an_outage_costs_one_patience_and_is_said_in_one_sentence(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    reporter = open_reporter(_away(3), Redactor())
    reporter.begin(stage.context, run_url=_RUN)
    reporter.say(stage.context, "warn", "trouble")
    began = time.monotonic()
    delivery = reporter.end(stage.context, worked({"port": 3306}, {"password": "p4ss-word"}))
    assert time.monotonic() - began < 3 + 1.5
    assert not delivery.delivered
    assert len(delivery.notes) == 1
    assert "did not answer when we tried to update the action" in delivery.notes[0]


@pytest.mark.parametrize("when", ["before the end", "while it is told"])
def test_a_stopped_run_does_not_wait_for_a_platform_that_is_away(
    emulator: Emulator, when: str
) -> None:
    stage = set_stage(emulator)
    stopped = threading.Event()
    reporter = open_reporter(_away(60), Redactor(), interrupted=stopped.is_set)
    if when == "before the end":
        stopped.set()
    else:
        threading.Timer(0.3, stopped.set).start()
    began = time.monotonic()
    delivery = reporter.end(stage.context, worked({"port": 3306}))
    assert time.monotonic() - began < 4
    assert not delivery.delivered
    assert "did not answer" in delivery.notes[0]


def test_a_stopped_run_does_not_wait_for_a_request_that_nobody_answers(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_STILL_TRIED_SECONDS", 0.2)
    monkeypatch.setattr(background, "_ON_THE_WIRE_SECONDS", 0.2)
    stage = set_stage(emulator)
    with stage.reporter() as inner:
        reporter = BackgroundReporter(inner, interrupted=lambda: True)
        emulator.fault("latency", seconds=4, count=1)
        began = time.monotonic()
        assert not reporter.read_snapshot(stage.context).asked
        delivery = reporter.end(stage.context, broke())
        assert time.monotonic() - began < 3
    assert not delivery.delivered
    assert "told to stop" in delivery.notes[0]


def test_a_stopped_run_still_outlives_trouble_that_passes(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("drop", count=2)
    with stage.reporter() as inner:
        reporter = BackgroundReporter(inner, interrupted=lambda: True)
        assert reporter.end(stage.context, broke()).delivered
    assert stage.action()["status"] == "failed"

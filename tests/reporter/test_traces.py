"""What the tracing API hears of a run, and what a run hears of the tracing API: nothing."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from reporter_fixtures import Stage, set_link_stage, set_stage, worked

from purveyor.errors import CancelledError, ParameterError
from purveyor.outcome import Outcome, Status, fail
from purveyor.provision.endings import stop
from purveyor.reporter.traces import Trace
from purveyor.step import Noticed, PhaseStarted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.step import StepEvent
    from purveyor_emulator import Emulator

_SECRET = 's3cr"et\n-of-the-house'
_STOPPED = CancelledError("It stopped.", hint="Start it again.")


@pytest.fixture
def stage(emulator: Emulator) -> Iterator[Stage]:
    yield set_stage(emulator)
    emulator.clear_faults()


def play(stage: Stage, outcome: Outcome, *phases: str, run_url: str = "") -> tuple[str, float]:
    """Let a run go through its phases to its end; return what was shown, and the end's length."""
    shown: list[StepEvent] = []
    with stage.client() as client:
        trace = Trace(client, stage.redactor, stage.context, run_url, shown.append)
        trace(Noticed("info", "It is not told of this."))
        for phase in phases:
            trace(PhaseStarted(phase))
        began = time.monotonic()
        trace(outcome)
        seconds = time.monotonic() - began
    return " ".join(each.text for each in shown if isinstance(each, Noticed)), seconds


def told(stage: Stage) -> list[Any]:
    return [event["data"] for event in events(stage)]


def events(stage: Stage) -> list[Any]:
    """What the API has taken."""
    asked = stage.emulator.requests(path="/tracing/events")
    return [each["body"] for each in asked if each["status"] == 201]


def story(stage: Stage) -> list[tuple[str, str]]:
    run = run_of(stage)
    return [(each["run_id"].removeprefix(run), each["status"]) for each in told(stage)]


def run_of(stage: Stage) -> str:
    return f"{stage.context.kind}-{stage.context.operation}-{stage.context.id}"


def test_a_run_and_its_phases_are_told(stage: Stage) -> None:
    fault, _ = play(stage, worked(), "init", "plan", "apply")
    assert fault == ""
    assert story(stage) == [
        ("", "started"),
        ("~init@0.0", "started"),
        ("~init@0.0", "completed"),
        ("~plan@0.0", "started"),
        ("~plan@0.0", "completed"),
        ("~apply@0.0", "started"),
        ("~apply@0.0", "completed"),
        ("", "completed"),
    ]
    apply: dict[str, Any] = told(stage)[-2]
    assert (apply["key"], apply["attempt"], apply["iteration"]) == ("apply", 0, 0)


def test_phases_stand_below_their_step(stage: Stage) -> None:
    play(stage, worked(), "network/init", "network/apply", "seed/run", "init")
    assert story(stage)[1:] == [
        ("~network@0.0", "started"),
        ("~network@0.0~init@0.0", "started"),
        ("~network@0.0~init@0.0", "completed"),
        ("~network@0.0~apply@0.0", "started"),
        ("~network@0.0~apply@0.0", "completed"),
        ("~network@0.0", "completed"),
        ("~seed@0.0", "started"),
        ("~seed@0.0~run@0.0", "started"),
        ("~seed@0.0~run@0.0", "completed"),
        ("~seed@0.0", "completed"),
        ("~init@0.0", "started"),
        ("~init@0.0", "completed"),
        ("", "completed"),
    ]


def test_a_run_is_found_by_what_it_is_about(emulator: Emulator, stage: Stage) -> None:
    play(stage, worked(), run_url="https://ci.example/runs/7")
    first, last = told(stage)
    context = stage.context
    assert (
        first["labels"].items()
        >= {
            "entity": "service",
            "action": "create",
            "action.id": context.id,
            "service.id": context.service.id,
        }.items()
    )
    assert "organization.id" in first["labels"]
    assert first["facets"]["tracing.externalLinks"] == [
        {"rel": "ci", "uri": "https://ci.example/runs/7", "label": "CI run"}
    ]
    assert last["facets"]["tracing.explain"]["what"] == "Created service orders: 3 created."
    linked = set_link_stage(emulator)
    play(linked, worked())
    assert told(linked)[-2]["labels"]["link.id"] == linked.context.entity.id


def test_events_are_shaped_as_the_api_wants_them_and_stay_in_order(stage: Stage) -> None:
    play(stage, worked(), "init", "apply")
    taken = events(stage)
    for event in taken:
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab].{16}", str(event["id"]))
        assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", str(event["time"]))
        assert event["nrn"] == stage.context.entity_nrn
        assert str(event["producer"]).startswith("purveyor@")
    times = [str(each["time"]) for each in taken]
    assert times == sorted(times)


def test_a_failure_reads_as_one_of_the_platforms_own(stage: Stage) -> None:
    error = ParameterError("It does not fit.", hint="Give a smaller size.", details=["size: 9"])
    play(stage, fail(error), "init")
    *_, phase, run = told(stage)
    assert (phase["status"], run["status"]) == ("failed", "failed")
    assert phase["facets"] == {
        "tracing.error": {"message": "It does not fit.", "code": "PARAMETER_INVALID"}
    }
    assert run["facets"]["tracing.error"] == phase["facets"]["tracing.error"]
    explained = run["facets"]["tracing.explain"]
    assert explained.pop("title").endswith(stage.context.entity.slug)
    assert explained == {
        "what": "It does not fit.\nsize: 9",
        "why": "What was asked does not fit the module's variables.",
        "next": "Give a smaller size.",
        "severity": "error",
    }


@pytest.mark.parametrize(("late", "status"), [(False, "cancelled"), (True, "timed_out")])
def test_a_run_that_was_stopped_is_told_apart(stage: Stage, late: bool, status: str) -> None:  # noqa: FBT001 - a test's case
    play(stage, stop(_STOPPED, timed_out=late), "init")
    assert [each["status"] for each in told(stage)[-2:]] == [status, status]


def test_a_run_that_waits_for_an_approval_waits(stage: Stage) -> None:
    outcome = dataclasses.replace(worked(), status=Status.PARKED)
    play(stage, outcome, "first/run")
    assert [status for _, status in story(stage)[-3:]] == ["completed", "completed", "waiting"]


def test_a_run_joins_the_trace_that_caused_it(stage: Stage) -> None:
    carriers = {"NP_TRACE": "1|deploy-42|deploy-42~step@0.0"}
    stage.context = dataclasses.replace(stage.context, carriers=carriers)
    play(stage, worked(), "init")
    run = f"deploy-42~step@0.0~{run_of(stage)}@0.0"
    assert {each["trace_id"] for each in told(stage)} == {"deploy-42"}
    assert [each["run_id"] for each in told(stage)][:2] == [run, f"{run}~init@0.0"]
    assert told(stage)[0]["key"] == run_of(stage)


@pytest.mark.parametrize("carrier", ["", "1", "1|x", "nonsense"])
def test_a_carrier_that_names_nothing_is_left_alone(stage: Stage, carrier: str) -> None:
    stage.context = dataclasses.replace(stage.context, carriers={"NP_TRACE": carrier})
    play(stage, worked())
    assert {each["trace_id"] for each in told(stage)} == {run_of(stage)}


def test_no_secret_is_in_any_byte_that_is_sent(stage: Stage) -> None:
    stage.redactor.add(_SECRET)
    stage.context = dataclasses.replace(stage.context, tags={"organization_id": f"x {_SECRET}"})
    error = ParameterError(
        f"{_SECRET} is too long.", hint=f"Not {_SECRET}.", details=[f"password: {_SECRET}"]
    )
    play(stage, fail(error), "init", run_url=f"https://ci.example/?token={_SECRET}")
    sent = repr(stage.emulator.requests(path="/tracing"))
    assert len(told(stage)) == 4
    assert "cr\\" not in sent
    assert "of-the-house" not in sent


def test_nothing_is_told_of_an_action_that_another_run_has(stage: Stage) -> None:
    with stage.client() as client:
        Trace(client, stage.redactor, stage.context, "", lambda _event: None)
        time.sleep(0.1)
    assert told(stage) == []


@pytest.mark.parametrize("status", [400, 500])
def test_an_api_that_refuses_is_left_alone(stage: Stage, status: int) -> None:
    stage.emulator.fault("status", status=status, count=-1, path="/tracing/events")
    fault, seconds = play(stage, worked(), "init", "plan", "apply")
    assert "The trace of this run ends here." in fault
    assert seconds < 2.5
    tries = len(stage.emulator.requests(path="/tracing"))
    assert tries == (1 if status == 400 else 2)


def test_an_api_that_is_slow_delays_a_run_by_two_seconds_at_most(stage: Stage) -> None:
    stage.emulator.fault("latency", seconds=10, count=-1, path="/tracing/events")
    _, seconds = play(stage, worked(), "init")
    assert seconds < 2.5


def test_an_api_that_is_down_changes_nothing(stage: Stage) -> None:
    stage.emulator.fault("drop", count=-1, path="*")
    fault, seconds = play(stage, worked(), "init")
    assert fault
    assert seconds < 2.5

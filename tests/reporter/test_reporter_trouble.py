"""Whatever goes wrong on the way, what the platform shows in the end is right."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from reporter_fixtures import BRISK, HASTY, broke, set_stage, worked

from purveyor.outcome import Status
from purveyor.reporter import platform_reporter
from purveyor.reporter.final_status import FinalReport
from purveyor_emulator import Emulator
from purveyor_emulator.records import ActionStatus

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_RUN = "https://ci.example/runs/7"
_RESULTS: JsonObject = {"endpoint": "db.example", "port": 3306}


def test_refused_results_do_not_keep_back_the_status() -> None:
    port: JsonObject = {"type": "number", "maximum": 100}
    properties: JsonObject = {"port": port, "endpoint": {"type": "string"}}
    seed: JsonObject = {
        "specifications": [
            {"slug": "db", "attributes": {"type": "object", "properties": properties}}
        ]
    }
    with Emulator.running(seed=seed) as emulator:
        stage = set_stage(emulator, specification="db", parameters={})
        with stage.reporter() as reporter:
            delivery = reporter.end(stage.context, worked(_RESULTS))
        assert delivery.delivered
        assert stage.action()["status"] == "success"
        assert stage.attributes() == {"endpoint": "db.example"}, "one value does not keep the rest"
        text = "\n".join(stage.texts())
        assert "The results 'endpoint', 'port' are not shown here" in text
        assert "Not all values have arrived on this page." in text
        assert any("The platform refused 'port'" in note for note in delivery.notes)
        assert any("maximum" in note for note in delivery.notes)


def test_specifications_that_cannot_be_read_let_all_public_results_through(
    emulator: Emulator,
) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=404, count=-1, path="/*specification/*")
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked(_RESULTS, {"password": "p4ss-word"}))
    assert delivery.delivered
    assert stage.attributes() == {"database_name": "orders", **_RESULTS}
    assert stage.secret("password") is None
    assert "could not be read" in delivery.notes[-1]
    assert "Not all values have arrived" in stage.texts()[-1]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("status", {"status": 429, "seconds": 0, "count": 2}),
        ("status", {"status": 500, "count": 2}),
        ("status", {"status": 409, "count": 2}),
        ("drop", {"count": 2}),
        ("latency", {"seconds": 0.2, "count": 3}),
        ("expired_token", {"count": 1}),
    ],
    ids=["429", "500", "409", "drop", "latency", "expired-token"],
)
@pytest.mark.parametrize("place", ["/service/*/action/*", "/service/*", "*"])
def test_passing_trouble_is_not_seen_in_the_end(
    emulator: Emulator, kind: str, fault: JsonObject, place: str
) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        reporter.begin(stage.context, run_url=_RUN)
        emulator.fault(kind, **fault, path=place)
        delivery = reporter.end(stage.context, worked(_RESULTS))
    assert (delivery.delivered, delivery.notes) == (True, ())
    assert stage.action()["status"] == "success"
    assert stage.attributes() == {"database_name": "orders", **_RESULTS}
    assert len(stage.texts()) == 2


def test_a_success_that_names_neither_action_nor_status_is_not_believed(
    emulator: Emulator,
) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=200, method="PATCH", path="/service/*/action/*", count=-1)
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked())
    assert not delivery.delivered
    assert "does not show this action as success" in delivery.notes[-1]
    assert stage.action()["status"] == "pending"


def test_an_empty_answer_counts_when_the_action_then_shows_its_status(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = set_stage(emulator)
    with stage.client() as client:
        patch = client.patch_action

        def answer_nothing(*given: Any, **more: Any) -> JsonObject:
            patch(*given, **more)
            return {}

        monkeypatch.setattr(client, "patch_action", answer_nothing)
        delivery = FinalReport(client, stage.context, BRISK, Status.FAILED).tell()
    assert delivery.delivered
    assert stage.sent()[-1] == "GET /service/action"


def test_an_action_that_vanished_meanwhile_leaves_nobody_to_tell(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    del emulator.platform.store.actions[stage.context.id]
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked())
    assert delivery.delivered
    assert "denied or withdrawn meanwhile" in delivery.notes[-1]


def test_a_lost_answer_to_the_final_status_is_no_failure(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("lost_answer", method="PATCH", path="/service/*/action/*")
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked(_RESULTS))
    assert delivery.delivered
    assert delivery.notes == ("The platform already shows this action as success.",)
    assert stage.action()["status"] == "success"
    assert len(stage.texts()) == 1


def test_an_action_that_the_platform_ended_is_noted_and_no_error(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.cancel_action(stage.context.id)
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked())
    assert delivery.delivered
    assert delivery.notes == (
        "The platform already shows this action as cancelled and does not take success.",
    )


def test_an_outage_at_the_end_is_unheard_and_raises_nothing(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=503, seconds=0, count=-1)
    began = time.monotonic()
    with stage.reporter(HASTY) as reporter:
        delivery = reporter.end(stage.context, broke())
    assert not delivery.delivered
    assert "503" in delivery.notes[-1]
    assert stage.action()["status"] == "pending"
    assert time.monotonic() - began < 10


def test_a_refused_key_at_the_end_is_unheard(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=401, count=-1)
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, broke())
    assert not delivery.delivered
    assert emulator.api_key not in str(delivery)


def test_attributes_that_fail_first_are_brought_after_the_status(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    service = f"/service/{stage.context.service.id}"
    emulator.fault("status", status=409, count=3, method="PATCH", path=service)
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked(_RESULTS, {"password": "p4ss-word"}))
    assert stage.sent("PATCH") == [
        *["PATCH /service"] * 3,
        "PATCH /service/action",
        "PATCH /service",
        "PATCH /service/action",
    ]
    assert delivery.delivered
    assert delivery.notes[-1] == "The attributes have arrived meanwhile."
    assert stage.texts()[-1] == delivery.notes[-1]
    assert stage.action()["status"] == "success"
    assert stage.secret("password") == "p4ss-word"


def test_attributes_that_never_arrive_leave_the_report_unheard(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=500, count=-1, method="GET", path="/service/*")
    with stage.reporter(HASTY) as reporter:
        delivery = reporter.end(stage.context, worked(_RESULTS))
    assert not delivery.delivered
    assert stage.action()["status"] == "success", "the status does not wait for them"
    assert any("Attributes did not arrive" in note for note in delivery.notes)


def test_a_beginning_that_failed_is_noted_and_its_message_kept(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    emulator.fault("status", status=503, seconds=0, count=-1)
    with stage.reporter(HASTY) as reporter:
        reporter.begin(stage.context, run_url=_RUN)
        emulator.clear_faults()
        delivery = reporter.end(stage.context, broke())
    assert delivery.delivered
    assert stage.sent()[-1] == "GET /service/action", "the late begin is looked for"
    assert "503" in delivery.notes[0]
    assert stage.texts()[0] == f"Started. Follow the run: {_RUN}"
    assert stage.action()["status"] == "failed"


def test_an_attribute_that_is_dropped_without_a_word_is_named() -> None:
    hidden: JsonObject = {"type": "string", "visibleOn": []}
    properties: JsonObject = {"inner": hidden, "shown": {"type": "string"}}
    attributes: JsonObject = {"type": "object", "properties": properties}
    seed: JsonObject = {"specifications": [{"slug": "db", "attributes": attributes}]}
    with Emulator.running(seed=seed) as emulator:
        stage = set_stage(emulator, specification="db", parameters={})
        emulator.fault("status", status=404, count=-1, path="/*specification/*")
        with stage.reporter() as reporter:
            delivery = reporter.end(stage.context, worked({"inner": "x", "shown": "y"}))
        assert delivery.delivered
        assert "took 'inner' without a word" in delivery.notes[-1]
        assert "Not all values have arrived" in stage.texts()[-1]


def test_a_beginning_that_arrives_after_the_end_is_corrected(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    stored = emulator.platform.store.actions[stage.context.id]
    with stage.client() as client:
        final = FinalReport(client, stage.context, BRISK, Status.FAILED)
        assert final.tell().delivered
        assert final.confirm() == ()
        stored.status = ActionStatus.IN_PROGRESS
        assert "told again" in final.confirm()[0]
    assert stage.action()["status"] == "failed"


def test_a_fault_of_our_own_in_the_results_does_not_keep_back_the_status(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(platform_reporter, "split_results", break_down)
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked(_RESULTS))
    assert delivery.delivered
    assert stage.action()["status"] == "success"
    assert "ZeroDivisionError" in delivery.notes[-1]

"""What the platform shows of an action that went its way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reporter_fixtures import broke, set_link_stage, set_stage, worked

from purveyor.outcome import Status
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_RUN = "https://ci.example/runs/7"
_RESULTS: JsonObject = {"endpoint": "db.example", "port": 3306}


def test_the_platform_sees_the_beginning_and_where_to_watch(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        reporter.begin(stage.context, run_url=_RUN)
    assert stage.action()["status"] == "in_progress"
    assert stage.texts() == [f"Started. Follow the run: {_RUN}"]


def test_a_success_shows_its_results_attributes_and_message(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        reporter.begin(stage.context, run_url=_RUN)
        delivery = reporter.end(stage.context, worked(_RESULTS, run_url=_RUN))
    assert (delivery.delivered, delivery.notes) == (True, ())
    assert stage.action()["status"] == "success"
    assert stage.action()["results"] == _RESULTS
    assert stage.attributes() == {"database_name": "orders", **_RESULTS}
    assert stage.texts()[1:] == ["Created service orders: 3 created.", f"Run: {_RUN}"]


def test_attributes_are_there_before_the_success_is_seen(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        reporter.end(stage.context, worked(_RESULTS))
    assert stage.sent("PATCH") == ["PATCH /service", "PATCH /service/action"]


def test_a_link_is_reported_like_a_service(emulator: Emulator) -> None:
    stage = set_link_stage(emulator)
    with stage.reporter() as reporter:
        reporter.begin(stage.context, run_url="")
        delivery = reporter.end(
            stage.context, worked({"username": "app"}, {"password": "p4ss-word"})
        )
    assert delivery.delivered
    assert stage.action()["status"] == "success"
    assert stage.secret("password") == "p4ss-word"
    assert stage.sent("PATCH")[-1] == "PATCH /link/action"


def test_a_failure_shows_sentence_details_next_step_reason_and_run(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    outcome = broke("size: at most 40", "name: is missing", message="Two values do not fit.")
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, outcome)
    assert delivery.delivered
    assert stage.action()["status"] == "failed"
    assert stage.texts() == [
        "Two values do not fit.",
        "size: at most 40\nname: is missing",
        "Next step: Ask for a higher quota.",
        f"Reason: PARAMETER_INVALID\nRun: {_RUN}",
    ]
    assert stage.sent() == ["PATCH /service/action"], "a failure costs one request"


def test_a_delete_that_worked_touches_no_attribute(emulator: Emulator) -> None:
    stage = set_stage(emulator, "delete", attributes={"database_name": "orders"})
    with stage.reporter() as reporter:
        reporter.end(stage.context, worked({"endpoint": "left over"}))
    assert stage.action()["status"] == "success"
    assert "PATCH /service" not in stage.sent()


def test_what_is_there_already_is_not_set_again(emulator: Emulator) -> None:
    stage = set_stage(emulator, "update", attributes={"database_name": "orders", **_RESULTS})
    with stage.reporter() as reporter:
        reporter.end(stage.context, worked(_RESULTS))
    assert stage.sent("PATCH") == ["PATCH /service/action"]


def test_empty_text_is_a_result_and_null_wipes_nothing_of_others(emulator: Emulator) -> None:
    stage = set_stage(emulator, "update", attributes={"database_name": "orders", **_RESULTS})
    with stage.reporter() as reporter:
        reporter.end(stage.context, worked({"endpoint": "", "port": None}))
    assert stage.attributes() == {"database_name": "orders", **_RESULTS, "endpoint": ""}


def test_what_an_earlier_success_showed_and_is_no_more_is_taken_back(emulator: Emulator) -> None:
    stage = set_stage(emulator, "update", attributes={"database_name": "orders", **_RESULTS})
    with stage.reporter() as reporter:
        reporter.end(stage.context, replace(worked({}), shown_before=("endpoint",)))
    assert stage.attributes() == {"database_name": "orders", **_RESULTS, "endpoint": ""}


def test_an_empty_secret_goes_out_only_where_an_earlier_success_set_it(emulator: Emulator) -> None:
    stage = set_stage(emulator, "update", attributes={"password": "by hand"})
    with stage.reporter() as reporter:
        reporter.end(stage.context, worked({}, {"password": ""}))
    assert stage.secret("password") == "by hand"
    stage = set_stage(emulator, "update", attributes={"password": "of the last success"})
    outcome = replace(worked({}, {"password": ""}), shown_before=("password",))
    with stage.reporter() as reporter:
        reporter.end(stage.context, outcome)
    assert stage.secret("password") == ""


def test_a_result_that_is_too_large_takes_no_other_with_it(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked({"endpoint": "x" * (2 << 20), "port": 3306}))
    assert delivery.delivered
    assert stage.action()["status"] == "success"
    assert stage.action()["results"] == {"port": 3306}
    assert stage.attributes()["port"] == 3306
    assert "endpoint" not in stage.attributes()
    assert "'endpoint'" in str(delivery.notes)


def test_a_secret_only_becomes_an_attribute_that_is_marked_secret(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    secrets: JsonObject = {
        "password": "p4ss-word-one",
        "endpoint": "s3cret-endpoint",
        "other": "s3cret-other",
    }
    with stage.reporter() as reporter:
        delivery = reporter.end(stage.context, worked({}, secrets))
    assert stage.secret("password") == "p4ss-word-one"
    assert stage.secret("endpoint") is None
    assert stage.secret("other") is None
    shown = str(stage.action()) + str(delivery.notes)
    assert not any(str(value) in shown for value in secrets.values())
    assert "'endpoint' is secret and was withheld" in shown
    assert "'other' is secret and was withheld" in shown


def test_a_public_result_that_holds_a_secret_is_withheld(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    secrets: JsonObject = {"password": "p4ss/word-one"}
    with stage.reporter() as reporter:
        delivery = reporter.end(
            stage.context, worked({"endpoint": "app:p4ss%2Fword-one@db"}, secrets)
        )
    assert stage.action()["results"] == {}
    assert stage.secret("endpoint") is None
    assert "'endpoint' was withheld: it holds a secret value." in delivery.notes


def test_results_that_the_specification_does_not_know_are_named(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    with stage.reporter() as reporter:
        delivery = reporter.end(
            stage.context, worked({**_RESULTS, "zone": "a", "storage_gb": "20"})
        )
    assert delivery.delivered
    assert stage.action()["results"] == _RESULTS
    assert delivery.notes == (
        "'zone' was left out: the specification does not know it.",
        "'storage_gb' was left out: the specification wants number.",
    )


def test_a_custom_action_changes_no_public_attribute() -> None:
    seed: JsonObject = {
        "specifications": [
            {
                "slug": "db",
                "attributes": {"type": "object", "properties": {"size": {"type": "number"}}},
                "actions": [
                    {
                        "slug": "count",
                        "type": "custom",
                        "parameters": {"type": "object", "properties": {}},
                        "results": {"type": "object", "properties": {"size": {"type": "number"}}},
                    }
                ],
            }
        ]
    }
    with Emulator.running(seed=seed) as emulator:
        stage = set_stage(emulator, "count", specification="db", attributes={"size": 1})
        with stage.reporter() as reporter:
            reporter.end(stage.context, worked({"size": 5}))
        assert stage.action()["results"] == {"size": 5}
        assert stage.attributes() == {"size": 1}


def test_an_attribute_that_the_platform_would_drop_is_named() -> None:
    hidden: JsonObject = {"type": "string", "visibleOn": []}
    properties: JsonObject = {"inner": hidden, "shown": {"type": "string"}}
    seed: JsonObject = {
        "specifications": [
            {"slug": "db", "attributes": {"type": "object", "properties": properties}}
        ]
    }
    with Emulator.running(seed=seed) as emulator:
        stage = set_stage(emulator, specification="db", parameters={})
        with stage.reporter() as reporter:
            delivery = reporter.end(stage.context, worked({"inner": "x", "shown": "y"}))
        assert stage.attributes() == {"shown": "y"}
        assert "'inner' was left out: the specification has `visibleOn: []`" in delivery.notes[-1]


def test_a_managed_instance_gets_no_attributes_but_those_of_the_results() -> None:
    text: JsonObject = {"type": "string"}
    properties: JsonObject = {"endpoint": text, "password": {**text, "secret": True}}
    seed: JsonObject = {
        "specifications": [
            {
                "slug": "db",
                "use_managed_actions": True,
                "attributes": {"type": "object", "properties": properties},
            }
        ]
    }
    with Emulator.running(seed=seed) as emulator:
        stage = set_stage(emulator, specification="db", parameters={})
        with stage.reporter() as reporter:
            results: JsonObject = {"endpoint": "db.example", "other": "x"}
            delivery = reporter.end(stage.context, worked(results, {"password": "p4ss-word"}))
        assert delivery.delivered
        assert stage.sent("PATCH") == ["PATCH /service/action"]
        assert stage.attributes() == {"endpoint": "db.example", "password": None}
        assert stage.secret("password") == "p4ss-word"
        assert any("'other' was left out" in each for each in delivery.notes)


def test_an_action_that_waits_stays_in_progress_and_says_what_for(emulator: Emulator) -> None:
    stage = set_stage(emulator)
    words = "Step switch (create service orders) waits for an approval, until 2026-12-02 01:00 UTC."
    parked = replace(worked(), status=Status.PARKED, message=words, run_url=_RUN)
    with stage.reporter() as reporter:
        reporter.begin(stage.context, run_url=_RUN)
        delivery = reporter.end(stage.context, parked)
    assert (delivery.delivered, delivery.notes) == (True, ())
    assert stage.action()["status"] == "in_progress"
    assert stage.texts()[1:] == [words, f"Run: {_RUN}"]

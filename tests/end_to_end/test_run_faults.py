"""What the platform shows, and how the run ends, when the platform itself is in trouble."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import action_id, finish
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
PASSING: dict[str, list[dict[str, Any]]] = {
    "a slow platform": [{"kind": "latency", "seconds": 0.2, "count": -1}],
    "too many requests": [{"kind": "status", "status": 429, "seconds": 1}],
    "a platform that breaks twice": [{"kind": "status", "status": 500, "count": 2}],
    "a gateway without a platform": [{"kind": "status", "status": 502, "method": "PATCH"}],
    "lost connections": [{"kind": "drop", "count": 2}],
    "a lost answer to the final status": [
        {"kind": "lost_answer", "method": "PATCH", "path": "*/action/*", "count": 2}
    ],
    "a token that ends early": [{"kind": "expired_token"}],
    "no beginning heard": [{"kind": "drop", "method": "PATCH", "path": "*/action/*"}],
    "all at once": [
        {"kind": "latency", "seconds": 0.05, "count": -1},
        {"kind": "expired_token"},
        {"kind": "status", "status": 503, "seconds": 0.2},
        {"kind": "drop", "method": "PATCH"},
        {"kind": "lost_answer", "method": "PATCH"},
    ],
}


@pytest.fixture
def service(emulator: Emulator) -> str:
    return str(emulator.create_service("sqs-queue", name="orders")["id"])


def asked(emulator: Emulator, service: str, action: str = "create") -> JsonObject:
    parameters = {"queue_name": "orders"} if action == "create" else {}
    return emulator.request_action(service, action, parameters)


def switch_on(emulator: Emulator, faults: Sequence[dict[str, Any]]) -> None:
    for fault in faults:
        emulator.fault(**fault)


def shown(emulator: Emulator, notification: JsonObject) -> JsonObject:
    return emulator.action(action_id(notification))


def attributes(emulator: Emulator, service: str) -> JsonObject:
    found = emulator.entity("service", service)["attributes"]
    assert isinstance(found, dict)
    return found


def states(catalog: Path) -> list[Path]:
    return sorted((catalog / ".purveyor" / "state").rglob("*.tfstate"))


@pytest.mark.parametrize("trouble", PASSING)
def test_trouble_that_passes_is_outlived_and_everything_is_heard(
    trouble: str, pipeline: Pipeline, emulator: Emulator, service: str
) -> None:
    notification = asked(emulator, service)
    switch_on(emulator, PASSING[trouble])
    done = pipeline.run(notification)
    assert (done.code, done.outcome["platform_heard"]) == (0, True), done.stderr
    emulator.clear_faults()
    assert shown(emulator, notification)["status"] == "success"
    assert str(attributes(emulator, service)["queue_arn"]).startswith("arn:")


def test_a_success_that_nobody_hears_is_17_and_its_state_is_kept(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path
) -> None:
    notification = asked(emulator, service)
    emulator.fault("drop", count=-1, method="PATCH")
    done = pipeline.run(notification, PURVEYOR_PLATFORM_PATIENCE="1")
    assert (done.code, done.outcome["status"]) == (17, "success")
    assert done.outcome["platform_heard"] is False
    assert len(states(catalog)) == 1
    assert shown(emulator, notification)["status"] == "pending"


def test_a_failure_that_nobody_hears_keeps_its_own_exit_code(
    pipeline: Pipeline, emulator: Emulator, service: str
) -> None:
    notification = asked(emulator, service)
    inner = notification["notification"]
    assert isinstance(inner, dict)
    inner["parameters"] = {"queue_name": 5}
    emulator.fault("status", count=-1, status=503, seconds=0)
    done = pipeline.run(notification, PURVEYOR_PLATFORM_PATIENCE="1")
    assert (done.code, done.reason) == (12, "PARAMETER_INVALID")
    assert done.outcome["platform_heard"] is False


def test_a_platform_that_is_away_at_the_beginning_hears_the_end(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path
) -> None:
    begun, gate = catalog / "begun", catalog / "gate"
    wait = f"touch {begun}; until [ -e {gate} ]; do sleep 0.05; done"
    (catalog / "modules/sqs-queue/slow.tf").write_text(
        'resource "terraform_data" "slow" {\n'
        f'  provisioner "local-exec" {{ command = "{wait}" }}\n'
        "}\n"
    )
    notification = asked(emulator, service)
    emulator.fault("drop", count=-1)
    run = pipeline.start(notification, PURVEYOR_PLATFORM_PATIENCE="1")
    while not begun.exists() and run.poll() is None:
        time.sleep(0.02)
    emulator.clear_faults()
    gate.touch()
    done = finish(run)
    assert (done.code, done.outcome["platform_heard"]) == (0, True), done.stderr
    assert "Going on with what the notification says" in done.stderr
    assert shown(emulator, notification)["status"] == "success"


def test_results_that_the_platform_refuses_do_not_keep_the_success_back(
    pipeline: Pipeline, emulator: Emulator, service: str
) -> None:
    notification = asked(emulator, service)
    emulator.fault("status", status=400, method="PATCH", path=f"/service/{service}", count=-1)
    done = pipeline.run(notification)
    assert (done.code, done.outcome["platform_heard"]) == (0, True), done.stderr
    document = shown(emulator, notification)
    assert document["status"] == "success"
    assert "refused" in str(done.outcome["notes"])
    assert "Not all values have arrived" in json_text.write(document["messages"])


def test_an_action_that_the_platform_cancelled_meanwhile_is_not_run(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path
) -> None:
    notification = asked(emulator, service)
    emulator.cancel_action(action_id(notification))
    done = pipeline.run(notification)
    assert (done.code, done.reason) == (0, "NOTHING_TO_DO")
    assert states(catalog) == []
    assert shown(emulator, notification)["status"] == "cancelled"


def test_credentials_that_the_platform_does_not_know_are_said(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path
) -> None:
    notification = asked(emulator, service)
    done = pipeline.run(notification, NULLPLATFORM_API_KEY="of-somebody-else")
    assert (done.code, done.reason) == (16, "CREDENTIALS_INVALID")
    assert done.outcome["platform_heard"] is False
    assert "of-somebody-else" not in done.stdout + done.stderr
    assert shown(emulator, notification)["status"] == "pending"
    assert states(catalog) == []


@pytest.mark.parametrize("mark", ["GITLAB_CI", "CI"])
def test_a_ci_without_a_key_builds_nothing_unless_nobody_is_to_hear(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path, mark: str
) -> None:
    notification = asked(emulator, service)
    environ = {mark: "true", "NULLPLATFORM_API_KEY": ""}
    done = pipeline.run(notification, **environ)
    assert (done.code, done.reason) == (16, "CREDENTIALS_INVALID")
    assert states(catalog) == []
    assert pipeline.run(notification, "--no-report", **environ).code == 0
    assert len(states(catalog)) == 1


def test_what_the_platform_refuses_is_no_outage(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path
) -> None:
    notification = asked(emulator, service)
    emulator.fault("status", status=403, method="GET", count=-1)
    done = pipeline.run(notification)
    assert (done.code, done.reason) == (16, "PERMISSION_DENIED"), done.stderr
    assert states(catalog) == []
    assert shown(emulator, notification)["status"] == "failed", "it may still be told"


def test_an_action_that_was_denied_or_withdrawn_is_nobodys(
    pipeline: Pipeline, emulator: Emulator, service: str, catalog: Path
) -> None:
    notification = asked(emulator, service)
    del emulator.platform.store.actions[action_id(notification)]
    done = pipeline.run(notification)
    assert (done.code, done.reason) == (0, "NOT_APPROVED"), done.stderr
    assert states(catalog) == []


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("pending_create", 0, "NOT_APPROVED"),
        ("denied", 0, "NOT_APPROVED"),
        ("cancelled", 0, "NOTHING_TO_DO"),
        ("paused", 17, "STATUS_UNKNOWN"),
    ],
)
def test_a_notifications_own_status_counts_while_the_platform_is_away(
    pipeline: Pipeline, catalog: Path, status: str, code: int, reason: str
) -> None:
    service: JsonObject = {"id": "s1", "slug": "orders", "specification": {"slug": "sqs-queue"}}
    inner: JsonObject = {
        "id": "a1",
        "type": "create",
        "status": status,
        "service": service,
        "parameters": {"queue_name": "orders"},
    }
    away = {"NULLPLATFORM_HOST": "http://127.0.0.1:1", "PURVEYOR_PLATFORM_PATIENCE": "1"}
    done = pipeline.run({"notification": inner}, **away)
    assert (done.code, done.reason) == (code, reason), done.stderr
    assert states(catalog) == []

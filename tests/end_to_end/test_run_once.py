"""The same action delivered twice runs once; the second delivery gets the first one's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import action_id, finish

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = pytest.mark.engine
DATABASE: JsonObject = {"database_name": "orders", "backups": {"enabled": True}}


@pytest.fixture
def built(catalog: Path) -> Path:
    """A file that gets a line each time the database is built, which takes a second."""
    path = catalog / "built"
    (catalog / "modules/mysql-database/slow.tf").write_text(
        'resource "terraform_data" "slow" {\n'
        f'  provisioner "local-exec" {{ command = "echo built >> {path}; sleep 1" }}\n'
        "}\n"
    )
    return path


def asked(emulator: Emulator) -> JsonObject:
    service = emulator.create_service("mysql-database", name="orders-db")
    return emulator.request_action(str(service["id"]), "create", DATABASE)


def test_one_action_delivered_six_times_at_once_is_built_once(
    pipeline: Pipeline, emulator: Emulator, built: Path
) -> None:
    notification = asked(emulator)
    ended = [finish(each) for each in [pipeline.start(notification) for _ in range(6)]]
    assert {each.code for each in ended} == {0}, [each.stderr for each in ended]
    assert built.read_text().splitlines() == ["built"]
    assert [each.reason for each in ended].count("DONE") >= 1
    assert emulator.action(action_id(notification))["status"] == "success"


def test_a_delivery_after_an_unheard_ending_tells_the_platform_then(
    pipeline: Pipeline, emulator: Emulator, built: Path
) -> None:
    notification = asked(emulator)
    deaf = {"NULLPLATFORM_HOST": "http://127.0.0.1:1", "PURVEYOR_PLATFORM_PATIENCE": "1"}
    first = pipeline.run(notification, **deaf)
    assert first.code == 17
    assert emulator.action(action_id(notification))["status"] == "pending"
    second = pipeline.run(notification)
    assert second.code == 0
    assert emulator.action(action_id(notification))["status"] == "success"
    assert built.read_text().splitlines() == ["built"]
    service = emulator.action(action_id(notification))
    assert service["results"] == second.outcome["results"]

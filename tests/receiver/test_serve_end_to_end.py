"""From a button on the platform, through its http channel and the receiver, to the result."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from receiver_fixtures import BEARER, until
from serve_process import serve_process

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that forgets everything after the test."""
    with Emulator.running() as running:
        yield running


@pytest.mark.one_engine
def test_what_a_developer_asks_for_is_built_and_reported(
    emulator: Emulator, engine_environment: dict[str, str], tmp_path: Path
) -> None:
    catalog = Path(shutil.copytree(EXAMPLES / "catalog", tmp_path / "catalog"))
    environment = engine_environment | emulator.environment()
    with serve_process(catalog, environment) as receiver:
        emulator.create_channel(
            f"http://127.0.0.1:{receiver.port}/notifications", headers={**BEARER}
        )
        service = str(emulator.create_service("sqs-queue")["id"])
        sent = emulator.request_action(service, "create", {"queue_name": "orders"})
        action = str(sent["notification"]["id"])  # type: ignore[index,call-overload]
        until(lambda: receiver.events("ended"), 60)
        assert emulator.action(action)["status"] == "success", receiver.log.read_text()
        (ended,) = receiver.events("ended")
        assert (ended["action"], ended["status"], ended["reason"]) == (action, "ended", "DONE")
        (accepted,) = receiver.events("accepted")
        assert accepted["action"] == action
        log = catalog / "kept/runs" / action / "run.log"
        assert "1 created" in log.read_text()
        assert [each.name for each in log.parent.iterdir()] == ["run.log"]
        assert receiver.stop() == 0

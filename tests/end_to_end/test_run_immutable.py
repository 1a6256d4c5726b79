"""What no update may change is refused before anything runs, also inside a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


def test_an_immutable_place_stays_and_its_neighbour_is_free(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    document = catalog / "purveyor.yaml"
    text = document.read_text()
    wanted = "immutable: [engine_version, backups.enabled]"
    assert text.count("immutable: [engine_version]") == 1
    document.write_text(text.replace("immutable: [engine_version]", wanted))
    backups: JsonObject = {"enabled": True, "retention_days": 7}
    service = str(emulator.create_service("mysql-database", attributes={"backups": backups})["id"])
    created: JsonObject = {"database_name": "orders", "backups": backups}
    done = pipeline.run(emulator.request_action(service, "create", created))
    assert done.code == 0, done.stderr

    change: JsonObject = {"backups": {"enabled": False}}
    refused = pipeline.run(emulator.request_action(service, "update", change))
    assert (refused.code, refused.reason) == (12, "PARAMETER_INVALID"), refused.stderr
    assert "backups.enabled: given false; accepts true" in refused.stderr

    change = {"backups": {"enabled": True, "retention_days": 30}}
    done = pipeline.run(emulator.request_action(service, "update", change))
    assert done.code == 0, done.stderr

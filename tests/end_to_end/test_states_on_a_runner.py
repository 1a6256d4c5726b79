"""States on a runner's own disk are warned of, in a CI and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Finished, Pipeline
    from purveyor.emulator import Emulator
    from purveyor.json_text import JsonObject

pytestmark = pytest.mark.engine
BACKEND = "backend: {type: local, path: .purveyor/state}\n"
NAMED: JsonObject = {"queue_name": "orders"}
TITLE = "STATES_NOT_KEPT"


def deleted(pipeline: Pipeline, emulator: Emulator, **environ: str) -> Finished:
    """Delete a queue that was never built: every check is made, nothing is run."""
    queue = str(emulator.create_service("sqs-queue", name="orders", attributes=NAMED)["id"])
    done = pipeline.run(emulator.request_action(queue, "delete"), **environ)
    assert done.reason == "STATE_MISSING", done.stderr
    return done


def test_a_ci_without_a_backend_is_warned(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    entry = catalog / "purveyor.yaml"
    assert BACKEND in entry.read_text()
    entry.write_text(entry.read_text().replace(BACKEND, ""))
    done = deleted(pipeline, emulator, GITHUB_ACTIONS="true")
    assert f"::warning title={TITLE}::The catalog names no `backend`" in done.stderr


def test_a_chosen_folder_is_not_warned_of(pipeline: Pipeline, emulator: Emulator) -> None:
    assert TITLE not in deleted(pipeline, emulator, GITHUB_ACTIONS="true").stderr


def test_a_person_who_tries_things_out_is_not_warned(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    (catalog / "purveyor.yaml").unlink()
    assert TITLE not in deleted(pipeline, emulator).stderr

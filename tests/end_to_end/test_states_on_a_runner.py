"""States on a runner's own disk have to be chosen, in a CI and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Finished, Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = pytest.mark.engine
BACKEND = "backend: {type: local, path: .purveyor/state}\n"
NAMED: JsonObject = {"queue_name": "orders"}


def deleted(pipeline: Pipeline, emulator: Emulator, **environ: str) -> Finished:
    """Delete a queue that was never built: every check is made, nothing is run."""
    queue = str(emulator.create_service("sqs-queue", name="orders", attributes=NAMED)["id"])
    return pipeline.run(emulator.request_action(queue, "delete"), **environ)


@pytest.mark.parametrize("mark", ["GITHUB_ACTIONS", "CI"])
def test_a_ci_without_a_backend_is_refused(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, mark: str
) -> None:
    entry = catalog / "purveyor.yaml"
    assert BACKEND in entry.read_text()
    entry.write_text(entry.read_text().replace(BACKEND, ""))
    done = deleted(pipeline, emulator, **{mark: "true"})
    assert (done.code, done.reason) == (11, "CATALOG_INVALID"), done.stderr
    assert "The catalog names no `backend`" in str(done.outcome["message"])
    assert done.outcome["platform_heard"] is True


def test_a_chosen_folder_is_used(pipeline: Pipeline, emulator: Emulator) -> None:
    assert deleted(pipeline, emulator, GITHUB_ACTIONS="true").reason == "STATE_MISSING"


def test_a_person_may_try_things_out_without_a_backend(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    (catalog / "purveyor.yaml").unlink()
    assert deleted(pipeline, emulator).reason == "STATE_MISSING"

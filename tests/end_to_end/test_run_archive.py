"""Archiving keeps all that exists: no engine is started, and the catalog may name a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline import Finished, Pipeline

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
NAME: Any = {"type": "string", "editableOn": ["create"]}
ACTIONS: Any = [{"slug": f"{word}-queue", "type": word} for word in ("archive", "unarchive")]
SEED: Any = {
    "specifications": [
        {
            "slug": "sqs-queue",
            "attributes": {"type": "object", "properties": {"queue_name": NAME}},
            "actions": ACTIONS,
        }
    ]
}
PROGRAM = '#!/bin/sh\necho "archived by a program"\necho "{}" > "$PURVEYOR_RESULT"\n'


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.running(seed=SEED) as running:
        yield running


def asked(pipeline: Pipeline, service: str, word: str, **environ: str) -> Finished:
    assert pipeline.emulator is not None
    done = pipeline.run(pipeline.emulator.request_action(service, word), **environ)
    assert (done.code, done.reason, done.outcome["platform_heard"]) == (0, "DONE", True), (
        done.stderr
    )
    return done


def test_an_archived_service_keeps_its_state_and_comes_back(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    made = pipeline.run(emulator.request_action(service, "create", {"queue_name": "orders"}))
    assert made.code == 0, made.stderr
    (state,) = (catalog / ".purveyor" / "state").rglob("*.tfstate")
    kept = state.read_bytes()
    # Neither an engine nor the catalog's entry is needed.
    (catalog / "modules/sqs-queue").rename(catalog / "away")
    done = asked(pipeline, service, "archive", PATH="/nowhere")
    assert done.outcome["message"] == (
        "Archived service orders (sqs-queue): no engine was started; all that exists, and its"
        " state, stays as it is."
    )
    assert emulator.entity("service", service)["status"] == "archived"
    asked(pipeline, service, "unarchive", PATH="/nowhere")
    assert emulator.entity("service", service)["status"] == "active"
    assert state.read_bytes() == kept


def test_a_program_may_take_part_in_archiving(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders", status="active")["id"])
    folder = catalog / "modules/sqs-queue/actions/archive"
    folder.mkdir(parents=True)
    (folder / "run").write_text(PROGRAM)
    (folder / "run").chmod(0o700)
    done = asked(pipeline, service, "archive")
    assert "archived by a program" in done.stderr
    assert done.outcome["message"] == "Archived service orders (sqs-queue)."

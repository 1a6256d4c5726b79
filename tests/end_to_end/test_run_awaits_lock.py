"""A run that waits says for whom, since when and where to look; giving up tells the same."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, finish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
QUEUE: JsonObject = {"queue_name": "orders"}
RUN = "https://ci.example.com/acme/shop/actions/runs/4711"
ON_GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://ci.example.com",
    "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_RUN_ID": "4711",
    "GITHUB_RUN_ATTEMPT": "1",
}


def hold(pipeline: Pipeline, folder: Path) -> None:
    """Let the queue's module wait for a file while it has the lock."""
    (pipeline.catalog / "modules/sqs-queue/program.tf").write_text(
        'resource "terraform_data" "program" {\n'
        '  provisioner "local-exec" {\n'
        f'    command = "touch {folder}/held; while [ ! -e {folder}/go ]; do sleep 0.05; done"\n'
        "  }\n}\n"
    )


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("ci", [ON_GITHUB, {}], ids=["github", "terminal"])
def test_a_lock_is_waited_for_in_words_that_people_can_follow(
    ci: Mapping[str, str], pipeline: Pipeline, emulator: Emulator, tmp_path: Path
) -> None:
    hold(pipeline, tmp_path)
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    first = pipeline.start(emulator.request_action(service, "create", QUEUE), **ci)
    try:
        wait_for(tmp_path / "held")
        began = time.monotonic()
        refused = pipeline.run(
            emulator.request_action(service, "create", QUEUE), "--lock-timeout", "1"
        )
        took = time.monotonic() - began
    finally:
        (tmp_path / "go").touch()
    assert finish(first).code == 0
    assert (refused.code, refused.reason) == (14, "STATE_LOCKED"), refused.stderr
    waiting = next(line for line in refused.stderr.splitlines() if "Waiting for" in line)
    message = str(refused.outcome["message"])
    for text in (waiting, message):
        assert f"@{os.uname().nodename} (apply), since 20" in text
        assert (RUN in text) is bool(ci)
    assert "1.0 s at most" in waiting
    assert f"`purveyor state unlock {service} --kind service --lock-id " in str(
        refused.outcome["next_step"]
    )
    assert took < 20, "the lock is polled, not left to the engine's patience"

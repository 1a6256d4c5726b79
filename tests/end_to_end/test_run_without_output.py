"""A run that nobody can read builds, tells the platform, and ends with its own exit code."""

from __future__ import annotations

import subprocess  # noqa: TID251 - real closed descriptors of a real process
import sys
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, action_id
from purveyor import json_text

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]


def call(pipeline: Pipeline, emulator: Emulator, way: str, words: str) -> tuple[int, str, str]:
    line = f'exec "$0" -m purveyor {words} --context context.json {way}'
    done = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable],
        cwd=pipeline.catalog,
        env={**pipeline.environment, **emulator.environment()},
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("way", "words"), [(">&-", "run"), (">/dev/full", "run --json"), (">&- 2>&-", "run")]
)
def test_what_was_built_is_told_and_the_exit_code_is_the_endings(
    pipeline: Pipeline, emulator: Emulator, way: str, words: str
) -> None:
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    (pipeline.catalog / "context.json").write_text(json_text.write(asked))
    code, _, said = call(pipeline, emulator, way, words)
    assert code == 0, said
    assert emulator.action(action_id(asked))["status"] == "success"
    assert "Traceback" not in said
    if "2>" not in way:
        assert "Standard output cannot be written" in said
        assert "created" in said
    code, _, said = call(pipeline, emulator, way, "finish")
    assert (code, "Traceback" in said) == (0, False)

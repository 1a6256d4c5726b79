"""A catalog whose one module takes its time, a fresh emulator, and a pipeline between them."""

from __future__ import annotations

import contextlib
import os
import subprocess  # noqa: TID251 - tests start the real command
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, action_id
from purveyor import json_text
from purveyor_emulator import Emulator
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.json_text import JsonObject

MODULE = """
variable "queue_name" { type = string }
variable "visibility_timeout" {
  type    = number
  default = 0
}
resource "terraform_data" "first" { input = var.queue_name }
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command     = "echo built >> $MARK; exec sleep ${var.visibility_timeout}"
    environment = { MARK = "%s" }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline, its platform, and the file that gets a line each time something is built."""

    pipeline: Pipeline
    emulator: Emulator
    built: Path

    def ask(self, seconds: int = 0) -> JsonObject:
        """Let a developer ask for a queue whose apply takes some seconds."""
        service = str(self.emulator.create_service("sqs-queue", name="orders")["id"])
        wanted: JsonObject = {"queue_name": "orders", "visibility_timeout": seconds}
        return self.emulator.request_action(service, "create", wanted)

    def again(self, notification: JsonObject, name: str = "orders") -> JsonObject:
        """Let the developer ask for the same service once more, now without any delay."""
        inner = notification["notification"]
        assert isinstance(inner, dict)
        assert isinstance(inner["service"], dict)
        wanted: JsonObject = {"queue_name": name, "visibility_timeout": 0}
        return self.emulator.request_action(str(inner["service"]["id"]), "create", wanted)

    @contextlib.contextmanager
    def held_before_changes(self) -> Iterator[Callable[[], bool]]:
        """Let engines wait in the middle of their plan; yields what tells whether one does."""
        gate = self.built.with_name("gate")
        held = self.pipeline.catalog / "modules/sqs-queue/held.tf"
        os.mkfifo(gate)
        held.write_text(f'output "held" {{ value = file("{gate}") }}\n')
        writers: list[int] = []

        def is_waiting() -> bool:
            with contextlib.suppress(OSError):  # nobody reads yet
                writers.append(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
            return bool(writers)

        yield is_waiting
        held.unlink()
        for each in writers:
            os.close(each)

    def status(self, notification: JsonObject) -> tuple[object, str]:
        """Return the action's status and all that the platform was told of it."""
        action = self.emulator.action(action_id(notification))
        return action["status"], str(action)

    def finish(
        self, notification: JsonObject, *arguments: str, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Call `purveyor finish` as the always-step does."""
        return run_command(
            *("finish", "--context", "-", *arguments),
            cwd=self.pipeline.catalog,
            env={**self.pipeline.environment, **self.emulator.environment(), **environ},
            stdin=json_text.write(notification),
        )

    def start_finish(self, notification: JsonObject) -> subprocess.Popen[str]:
        """Start it with the CONTEXT in a file, to be struck."""
        path = self.pipeline.catalog / "context.json"
        path.write_text(json_text.write(notification))
        return subprocess.Popen(
            [sys.executable, "-m", "purveyor", "finish", "--context", str(path)],
            cwd=self.pipeline.catalog,
            env={**self.pipeline.environment, **self.emulator.environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call another of Purveyor's commands."""
        return run_command(*arguments, cwd=self.pipeline.catalog, env=self.pipeline.environment)

    def run_file(self, notification: JsonObject) -> JsonObject:
        """Return what the run leaves on its machine."""
        path = self.cache / "runs" / f"{action_id(notification)}.json"
        value = json_text.parse(path.read_text())
        assert isinstance(value, dict)
        return value

    @property
    def temporary(self) -> Path:
        """Where workspaces are."""
        return Path(self.pipeline.environment["TMPDIR"])

    @property
    def cache(self) -> Path:
        """Where run files and unsaved states are."""
        return Path(self.pipeline.environment["PURVEYOR_CACHE"])

    def wait_until(self, ready: Callable[[], object], *, seconds: float = 30) -> None:
        """Return once something is so; fail after a while."""
        end = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.02)

    def lines(self) -> list[str]:
        """Return one line for each time that the slow part was begun."""
        return self.built.read_text().splitlines() if self.built.exists() else []


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that forgets everything after the test."""
    with Emulator.running() as running:
        yield running


@pytest.fixture
def stage(engine_environment: dict[str, str], emulator: Emulator, tmp_path: Path) -> Stage:
    """A stage with states in a folder."""
    catalog = tmp_path / "catalog"
    module = catalog / "modules/sqs-queue"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(MODULE.replace("%s", str(tmp_path / "built")))
    (catalog / "purveyor.yaml").write_text("version: 1\nbackend: {type: local, path: states}\n")
    (tmp_path / "tmp").mkdir()
    environment = {**engine_environment, "TMPDIR": str(tmp_path / "tmp")}
    return Stage(Pipeline(catalog, environment, emulator), emulator, tmp_path / "built")

"""A pipeline in miniature: hands a notification to `purveyor run`, as a CI would."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - tests start the real command
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

_HANGS_AFTER = 80


@dataclass(frozen=True, slots=True)
class Finished:
    """How `purveyor run --json` ended. `outcome` is empty when nothing was printed."""

    code: int
    outcome: JsonObject
    stdout: str
    stderr: str

    @property
    def reason(self) -> object:
        """The outcome's reason code."""
        return self.outcome.get("reason")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Runs actions of one emulator with one catalog."""

    catalog: Path
    environment: Mapping[str, str]
    emulator: Emulator | None = None

    def start(
        self, notification: JsonObject, *arguments: str, **environ: str
    ) -> subprocess.Popen[str]:
        """Start `purveyor run --json` with the notification on standard input."""
        platform = self.emulator.environment() if self.emulator else {}
        child = subprocess.Popen(
            [sys.executable, "-m", "purveyor", "run", "--json", "--context", "-", *arguments],
            cwd=self.catalog,
            env={**self.environment, "PYTHONFAULTHANDLER": "1", **platform, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        child.stdin.write(json_text.write(notification))
        child.stdin.close()
        child.stdin = None
        return child

    def run(self, notification: JsonObject, *arguments: str, **environ: str) -> Finished:
        """Run to the end."""
        platform = self.emulator.environment() if self.emulator else {}
        done = run_command(
            *("run", "--json", "--context", "-", *arguments),
            cwd=self.catalog,
            env={**self.environment, **platform, **environ},
            stdin=json_text.write(notification),
            timeout=_HANGS_AFTER,
        )
        return _finished(done.returncode, done.stdout, done.stderr)


def finish(child: subprocess.Popen[str]) -> Finished:
    """Wait for a started run."""
    try:
        stdout, stderr = child.communicate(timeout=_HANGS_AFTER)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGABRT)  # faulthandler says where each thread stands
        _, stderr = child.communicate()
        raise AssertionError(f"the run hangs:\n{stderr[-6000:]}") from None
    return _finished(child.returncode, stdout, stderr)


def _finished(code: int, stdout: str, stderr: str) -> Finished:
    outcome = json_text.parse(stdout) if stdout.strip().startswith("{") else {}
    assert isinstance(outcome, dict)
    return Finished(code, outcome, stdout, stderr)


def action_id(notification: JsonObject) -> str:
    """Return the action's id."""
    inner = notification["notification"]
    assert isinstance(inner, dict)
    return str(inner["id"])

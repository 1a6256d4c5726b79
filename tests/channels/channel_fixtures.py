"""A catalog's folder, and the platform that its channels are on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from click.testing import CliRunner

from purveyor import json_text
from purveyor.cli import cli
from purveyor.errors import PurveyorError

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor_emulator import Emulator

ACCOUNT = "organization=4001:account=4002"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended. `err` has what the error boundary would show, too."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """What a program reads of a table."""
        return [line.split("\t") for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        return json_text.parse(self.out)


@dataclass(frozen=True, slots=True)
class Company:
    catalog: Path
    emulator: Emulator
    environment: dict[str, str]

    def run(self, *words: str, **environ: str) -> Done:
        """Run `purveyor channel`."""
        return self.call("channel", *words, **environ)

    def call(self, *words: str, **environ: str) -> Done:
        """Run a command inside this process, which takes milliseconds."""
        platform = {**self.emulator.environment(), "PURVEYOR_NRN": ACCOUNT}
        env = {**self.environment, **platform, **environ, "PURVEYOR_CATALOG": str(self.catalog)}
        with patch.dict(os.environ, env, clear=True):  # noqa: TID251 - what the command finds
            done = CliRunner().invoke(cli, words)
        error = done.exception
        if isinstance(error, PurveyorError):
            said = "\n".join([error.message, *error.details, error.hint])
            return Done(error.exit_code, done.stdout, done.stderr + said)
        assert error is None or isinstance(error, SystemExit), error
        return Done(done.exit_code, done.stdout, done.stderr)

    def channel(self, number: int = 1) -> Any:
        """Return a channel as the platform keeps it."""
        return self.emulator.platform.notifications.channels[number]

    @property
    def numbers(self) -> list[int]:
        return list(self.emulator.platform.notifications.channels)

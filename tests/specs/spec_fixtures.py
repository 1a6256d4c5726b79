"""A catalog with its specifications in files, and a platform to bring them to."""

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
    from collections.abc import Callable
    from pathlib import Path

    from purveyor_emulator import Emulator

ACCOUNT = "organization=4001:account=4002"
SLUG = "orders-store"  # the default seed has none of this name


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended. `err` has what the error boundary would show, too."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json_text.parse(self.out)


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody with a catalog, who runs `purveyor spec` inside this process."""

    catalog: Path
    emulator: Emulator
    environment: dict[str, str]

    def run(self, *words: str) -> Done:
        platform = {**self.emulator.environment(), "PURVEYOR_NRN": ACCOUNT}
        env = {**self.environment, **platform, "PURVEYOR_CATALOG": str(self.catalog)}
        with patch.dict(os.environ, env, clear=True):  # noqa: TID251 - what the command finds
            done = CliRunner().invoke(cli, ["spec", *words])
        error = done.exception
        if isinstance(error, PurveyorError):
            said = "\n".join([error.message, *error.details, error.hint])
            return Done(error.exit_code, done.stdout, done.stderr + said)
        assert error is None or isinstance(error, SystemExit), error
        return Done(done.exit_code, done.stdout, done.stderr)

    def push(self, *words: str) -> list[str]:
        """Push; return what was done to each specification."""
        done = self.run("push", SLUG, "--json", *words)
        assert done.code == 0, done.err
        return [f"{e['done']} {e['kind']} {e['slug']}" for e in done.document["specifications"]]

    def edit(self, file: str, change: Callable[[Any], object]) -> None:
        path = self.catalog / "specs" / SLUG / file
        document = json_text.parse(path.read_text())
        change(document)
        path.write_text(json_text.write(document, indent=2))

    def writes(self) -> list[Any]:
        """Return the calls that changed something on the platform."""
        asked: list[Any] = self.emulator.requests()
        return [e for e in asked if e["method"] != "GET" and e["path"] != "/token"]

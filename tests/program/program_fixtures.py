"""A folder with a program, and all that running it needs."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.engines.command import run_program
from purveyor.process import Interruption
from purveyor.program import CommandLine
from purveyor.redaction import Redactor
from purveyor.step import Noticed, Step

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor.step import StepEvent


class Bench:
    """A folder with a program, and all that running it needs."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.folder = root / "actions"
        self.workspace = root / "workspace"
        self.folder.mkdir()
        self.workspace.mkdir(mode=0o700)
        self.environment = environment
        self.interruption = Interruption()
        self.redactor = Redactor()
        self.heard: list[str] = []

    def listen(self, event: StepEvent) -> None:
        assert isinstance(event, Noticed)
        self.heard.append(event.text if event.level == "info" else f"{event.level}: {event.text}")

    def run(
        self,
        *argv: str,
        document: JsonObject | None = None,
        timeout: float = 30,
        secrets: Collection[str] | None = None,
    ) -> JsonObject:
        marked = None if secrets is None else frozenset(secrets)
        return run_program(
            CommandLine(argv, self.folder, timeout, secrets=marked),
            Step(
                operation=Operation.CUSTOM,
                workspace=self.workspace,
                module=self.folder,
                variables=document or {},
                environment=self.environment,
                interruption=self.interruption,
            ),
            self.listen,
            self.redactor,
        )

    def run_python(self, code: str, *, timeout: float = 30) -> JsonObject:
        return self.run(sys.executable, "-c", textwrap.dedent(code), timeout=timeout)

    def write(self, name: str, text: str, *, mode: int = 0o755) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

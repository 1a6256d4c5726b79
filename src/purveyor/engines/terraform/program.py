"""The engine's program, ready to be called in one directory."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.dataclass import dataclass
from purveyor.engines.terraform.events import Report
from purveyor.errors import EngineError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.process import Completed, Interruption
    from purveyor.redaction import Redactor
    from purveyor.step import Listen

_NOT_FOUND = 127
# The words of both engines for a signal that reached them (measured).
_INTERRUPTED = b"nterrupt received"


@dataclass(frozen=True, slots=True)
class CallResult:
    """One run of the engine: how it ended, what it told, and when it began (since 1970)."""

    completed: Completed
    report: Report
    began: float = 0.0

    @property
    def code(self) -> int:
        return self.completed.code


@dataclass(frozen=True, slots=True)
class Program:
    path: Path
    directory: Path
    environment: Mapping[str, str]
    interruption: Interruption
    redactor: Redactor
    listen: Listen

    def without(self, variable: str) -> Program:
        kept = {name: value for name, value in self.environment.items() if name != variable}
        return replace(self, environment=kept)

    def call(
        self,
        *arguments: str,
        streamed: bool = True,
        stdin: str = "",
        stdout: Path | None = None,
    ) -> CallResult:
        """Run the engine once; `streamed` when its stdout is the JSON stream.

        `stdout` is a file that keeps it, whoever dies meanwhile.

        Raise EngineError when the program cannot be started.
        """
        report = Report(self.listen, self.redactor)
        command = process.Command(
            (str(self.path), *arguments),
            self.directory,
            self.environment,
            stdin=stdin,
            stdout=stdout,
            acknowledges=_INTERRUPTED,
        )
        began = time.time()
        completed = process.run(
            command, on_line=report.feed if streamed else None, interruption=self.interruption
        )
        if completed.code == _NOT_FOUND and not completed.stdout:
            raise EngineError(
                "The engine's program cannot be started.",
                reason=ReasonCode.ENGINE_NOT_FOUND,
                details=(self.redactor.redact(completed.stderr),),
                hint="Install the engine, or correct its version in the catalog.",
            )
        return CallResult(completed, report, began)

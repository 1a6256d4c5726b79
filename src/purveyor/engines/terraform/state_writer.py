"""Writes a state through the engine, so that the backend's own lock and checks hold."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import lock
from purveyor.engines.terraform import commands, files
from purveyor.engines.terraform.environment import WORKSPACE, build_environment
from purveyor.engines.terraform.program import Program
from purveyor.errors import EngineError, StateLockedError
from purveyor.process import Interruption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.engines.binary import EngineBinary
    from purveyor.engines.terraform.program import CallResult
    from purveyor.redaction import Redactor
    from purveyor.step import BackendBlock, StepEvent

# The engine colours these errors even where nobody reads, and draws a frame around them.
_DECORATION = re.compile(r"\x1b\[[0-9;]*m|[╷│╵]")
_DETAIL_LINES = 12


class StateWriter:
    """Terraform or OpenTofu as the writer of states; needs no module and no provider."""

    def __init__(
        self,
        binary: EngineBinary,
        *,
        environment: Mapping[str, str],
        redactor: Redactor,
        interruption: Interruption | None = None,
    ) -> None:
        self._binary = binary
        self._environment = environment
        self._redactor = redactor
        self._interruption = interruption or Interruption()

    def push(self, block: BackendBlock, text: str) -> None:
        """Write a state under the engine's lock, never by force.

        The engine refuses another lineage, an older serial, and the same serial with other content
        unless the state there is empty; on a remote backend it counts the serial up by one more
        (measured). Raise StateLockedError, or EngineError for anything else.
        """
        with tempfile.TemporaryDirectory(prefix="purveyor-") as folder:
            program = self._program(Path(folder), block)
            ran = program.without(WORKSPACE).call(*_INIT, streamed=False)
            check_written(ran, "init", self._redactor)
            ran = program.call(*_PUSH, streamed=False, stdin=text)
            check_written(ran, "state push", self._redactor)

    def _program(self, folder: Path, block: BackendBlock) -> Program:
        directory = folder / "work"
        directory.mkdir(mode=0o700)
        files.write_backend(directory, block, evaluated=self._binary.name != "terraform")
        environment = build_environment(
            self._environment,
            backend=block.environment,
            cli_config=None,
            cache=None,
            workspace=block.workspace,
        )
        return Program(
            path=self._binary.path,
            directory=directory,
            environment=environment,
            interruption=self._interruption,
            redactor=self._redactor,
            listen=_ignore,
        )


def find_lock(ran: CallResult) -> lock.Lock | None:
    """Return the lock that kept a command which speaks prose from its work."""
    if not ran.code:
        return None
    prose = _read_prose(ran)
    found = lock.parse_lock(prose)
    # The engine breaks its lines anywhere; a block of `Lock Info` is never broken (measured).
    return found if found is None or found.id else lock.parse_lock(" ".join(prose.split()))


def check_written(ran: CallResult, what: str, redactor: Redactor) -> None:
    """Raise StateLockedError, or EngineError for any other failure, of a command about a state."""
    if ran.code == 0:
        return
    holder = find_lock(ran)
    if holder is not None:
        raise StateLockedError(
            f"The state is not written: it is locked by {lock.describe_lock(holder)}.",
            hint="Wait for that run to end, or free the lock if it is known to be dead.",
        )
    lines = [line for each in _read_prose(ran).split("\n") if (line := " ".join(each.split()))]
    raise EngineError(
        f"The engine's `{what}` failed; the state is as it was.",
        hint="The details hold the engine's words.",
        details=[redactor.redact(line) for line in lines[-_DETAIL_LINES:]],
    )


def _read_prose(ran: CallResult) -> str:
    return _DECORATION.sub("", f"{ran.completed.stdout}\n{ran.completed.stderr}")


_INIT = commands.init(json=False, read_only_lock_file=False)
_PUSH = commands.state_push()


def _ignore(_event: StepEvent) -> None:
    """Nothing is streamed here."""

"""Calls Pulumi's program for one stack: its environment, what it keeps, the wait for its lock."""

from __future__ import annotations

import math
import re
import socket
import time
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.dataclass import dataclass
from purveyor.engines.stateless import run_limited
from purveyor.errors import CancelledError, StateLockedError
from purveyor.lock import Lock, describe_lock, tell_start
from purveyor.step import LockAwaited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.process import Completed
    from purveyor.program import PulumiProject
    from purveyor.step import Listen, Step

NAP = 2.0
# pkg/backend/diy/lock.go of Pulumi 3: a file for each lock, named in the error.
_LOCK = re.compile(r"/([^/\s]+)\.json\S*: created by (\S.*)@(\S+) \(pid (\d+)\) at (\S+)")


@dataclass(frozen=True, slots=True)
class StackSession:
    """A stack, and the program that works on it. `folder` is private and holds its configuration.

    The program runs there, but for what needs the project itself.
    """

    step: Step
    project: PulumiProject
    name: str
    folder: Path
    program: Path
    environment: Mapping[str, str]
    secrets: Mapping[str, str]  # of its configuration, by their keys
    missing: bool  # whether it certainly is not there yet
    listen: Listen

    @property
    def configuration(self) -> Path:
        return self.folder / f"Pulumi.{self.name}.yaml"

    def change(self, *command: str, on_line: Callable[[str], None]) -> tuple[Completed, bool]:
        """Run what works on resources; also tell whether its time was over."""
        words = (*command, "--json", "--config-file", str(self.configuration))
        return self._call(words, self.project.folder, on_line=on_line)

    def call(self, *command: str, stdin: str = "") -> Completed:
        return self._call(command, self.folder, stdin=stdin)[0]

    def _call(
        self,
        command: tuple[str, ...],
        folder: Path,
        *,
        stdin: str = "",
        on_line: Callable[[str], None] | None = None,
    ) -> tuple[Completed, bool]:
        words = (*command, "--stack", self.name, "--non-interactive", "--color", "never")
        called = process.Command(
            (str(self.program), *words),
            folder,
            self.environment,
            stdin=stdin,
            acknowledges=b"received; cancelling",
        )
        begun = time.monotonic()
        while True:
            self.check_interruption()
            done, expired = run_limited(
                called,
                self.step.interruption,
                self.project.timeout,
                grace=math.inf,
                on_line=on_line,
            )
            locks = _LOCK.findall(done.stderr) if done.code else []
            if not locks:
                return done, expired
            self._await(locks, time.monotonic() - begun)

    def check_interruption(self) -> None:
        if self.step.interruption.requested:
            raise CancelledError(
                f"The run was cancelled: nothing more was begun in the stack {self.name}.",
                hint="Start the action again when it is wanted.",
            )

    def _await(self, locks: list[tuple[str, str, str, str, str]], waited: float) -> None:
        """Free the locks of runs that are over; for any other wait a while."""
        own = self.step.own_state
        assert own is not None  # noqa: S101 - see `_open`
        here = socket.gethostname()
        found = [
            (Lock(name, f"{user}@{host}", f"pid {pid}", created), host == here and int(pid))
            for name, user, host, pid, created in locks
        ]
        held = [
            lock
            for lock, pid in found
            if (pid and not process.is_gone(pid)) or not own.is_lost(lock)
        ]
        if not held:
            self.call("cancel", "--yes")
            return
        limit = own.lock_timeout
        self.listen(LockAwaited(held[0], waited, limit))
        if waited >= limit:
            raise StateLockedError(
                f"The stack {self.name} is locked by {describe_lock(held[0])}, and was not released"
                f" within {limit:g} seconds.",
                hint="Start the action again when that run has ended. If it is known to be dead:"
                f" {self.tell_command('cancel')}",
                told=f"Another change is running{tell_start(held[0])}.",
            )
        self.step.interruption.wait(min(NAP, limit - waited))

    def tell_command(self, command: str) -> str:
        """Return a command for a person who has the project's folder before her."""
        url = re.sub(r"[?&](profile|create_dir)=[^&]*$", "", self.environment["PULUMI_BACKEND_URL"])
        return f"`PULUMI_BACKEND_URL='{url}' pulumi {command} --stack {self.name}`"

"""What engines have in common that keep no state of ours: programs of the platform team's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.declaration import ModuleInterface
from purveyor.errors import RecoveryError
from purveyor.step import Leftovers, StepResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from purveyor.process import Command, Completed, Interruption
    from purveyor.step import Listen, ModuleSource, StateSlot, Step

GRACE = 10.0
"""From the SIGINT at the end of a program's time until it is killed, in seconds."""


def run_limited(
    command: Command,
    interruption: Interruption,
    seconds: float,
    *,
    on_line: Callable[[str], None] | None,
    grace: float | None = None,
) -> tuple[Completed, bool]:
    """Run a program; return how it ended, and whether its time was over. Raise OSError.

    `grace` is how long it may still take after that, in seconds, before it is killed.
    """
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        interruption.pass_on()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        done = process.run(
            command,
            on_line=on_line,
            interruption=interruption,
            timeout=seconds + (GRACE if grace is None else grace),
        )
    finally:
        timer.cancel()
    return done, expired.is_set()


class StatelessEngine:
    """All of an engine but `run`; what a program has done or would do is known to itself alone."""

    own: Collection[str] = ()

    def fetch(self, source: ModuleSource, _workspace: Path) -> Path:
        """Return the catalog's folder: a program stays where it is."""
        return source.root

    def describe(self, module: Path) -> ModuleInterface:
        """Return an interface without names: a program takes any."""
        return ModuleInterface(module, {}, {})

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Say that what a program would change is known to itself alone."""
        del step, listen
        return StepResult((), {}, unknown="it cannot be told before it runs")

    @staticmethod
    def leftovers(_workspace: Path) -> Leftovers:
        """Return nothing."""
        return Leftovers()

    def save(self, _text: str, state: StateSlot) -> None:
        """Fail: there is no state to save."""
        raise RecoveryError(
            f"A program keeps no state, and {state.stamp} has one.",
            hint="Ask the platform team which step of the catalog's entry left it.",
        )

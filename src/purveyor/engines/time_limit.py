"""Runs a program within a time of its own: asked to stop at its end, killed a while later."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from purveyor import process

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.process import Command, Completed, Interruption

GRACE = 10.0
"""From the SIGINT at the end of a program's time until it is killed, in seconds."""


def run_limited(
    command: Command,
    interruption: Interruption,
    seconds: float,
    *,
    on_line: Callable[[str], None],
) -> tuple[Completed, bool]:
    """Run a program; return how it ended, and whether its time was over. Raise OSError."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        interruption.pass_on()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        done = process.run(
            command, on_line=on_line, interruption=interruption, timeout=seconds + GRACE
        )
    finally:
        timer.cancel()
    return done, expired.is_set()

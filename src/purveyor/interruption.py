"""Whether a run was asked to stop; passes exactly one signal on to the program that it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_NAP_SECONDS = 0.05
# Also where a shell without job control has its background processes ignore it.
_ALWAYS = {signal.SIGINT, signal.SIGTERM}
# What asks nobody to stop (man 7 signal): what cannot be caught, what ends no process by default,
# and what a process does to itself, whose handler would be called again and again.
_NO_WISH = {
    *("SIGKILL", "SIGSTOP", "SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGINFO"),
    *("SIGTSTP", "SIGTTIN", "SIGTTOU"),
    *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT", "SIGTRAP", "SIGSYS"),
}
# How long a program has to tell that a SIGTERM has reached it without us.
_OWN_SECONDS = 1.0


class Interruption:
    """Whether the run was asked to stop, and by which signal.

    The first signal that would end us becomes exactly one SIGINT to the running program; later ones
    are absorbed, since a second one makes Terraform drop the state write (measured). Any but SIGINT
    may have reached the program, too: GitLab's docker executor sends SIGTERM to every process. So
    it is passed on only when the program has not told of it within a second. `on_program` is told
    the id of each program that starts.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.timed_out = False
        self.on_program: Callable[[int], None] | None = None
        self._pid: int | None = None
        self._sent = False
        self._asked_at = 0.0

    @property
    def requested(self) -> bool:
        return self.signal is not None

    @contextlib.contextmanager
    def caught(self) -> Iterator[Interruption]:
        """Catch every signal that would end us for the length of the block. Main thread only."""
        before = {number: signal.signal(number, self._notice) for number in _deadly()}
        try:
            yield self
        finally:
            for number, action in before.items():
                signal.signal(number, action)

    @contextlib.contextmanager
    def passed_to(self, pid: int) -> Iterator[None]:
        """Pass the signal on to `pid` while the block runs."""
        self._pid, self._sent = pid, False
        if self.on_program is not None:
            self.on_program(pid)
        if self.requested:
            self.pass_on()
        try:
            yield
        finally:
            self._pid = None

    @contextlib.contextmanager
    def limited(self, seconds: float | None) -> Iterator[None]:
        """Ask for a stop after `seconds` of a block within `caught`; None is no limit."""
        if seconds is None:
            yield
            return
        timer = threading.Timer(seconds, self._run_out)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _run_out(self) -> None:
        # By way of a signal: only the main thread passes on, so that nothing is passed on twice.
        if not self.requested:
            self.timed_out = True
            os.kill(os.getpid(), signal.SIGINT)

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds`, or less when a signal comes; return `requested`."""
        # Short naps: an Event must not be set by a handler that may interrupt its own lock.
        end = time.monotonic() + seconds
        while not self.requested and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _NAP_SECONDS))
        return self.requested

    def _notice(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is None:
            self.signal = number
            self._asked_at = time.monotonic()
            if number == signal.SIGINT:
                self.pass_on()

    def pass_on_unless(self, *, heard: Callable[[], bool]) -> None:
        """Pass on what is waiting; `heard` says whether the program has told of it itself."""
        if not self.requested or self._sent or self._pid is None:
            return
        if heard():
            self._sent = True
        elif time.monotonic() - self._asked_at >= _OWN_SECONDS:
            self.pass_on()

    def pass_on(self) -> None:
        """Send the running program its one SIGINT, unless it had it."""
        if self._pid is not None and not self._sent:
            self._sent = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGINT)


def tell_signal(number: int) -> str:
    """Return a signal's name; a real-time one has only its number."""
    return next((each.name for each in signal.Signals if each == number), f"SIG{number}")


def _deadly() -> list[int]:
    """Name the signals that would end this process: none that is ignored, as under `nohup`."""
    return [
        number
        for number in signal.valid_signals()
        if tell_signal(number) not in _NO_WISH
        and (number in _ALWAYS or signal.getsignal(number) is signal.SIG_DFL)
    ]

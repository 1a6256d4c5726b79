"""Signs of life of one attempt, and the id of the lock that its engine holds."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from purveyor.errors import PurveyorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.clock import Clock
    from purveyor.lock import Lock

BEAT_SECONDS = 30.0
# Short runs never ask whose lock it is: they are over before anybody could wonder.
LOCK_SECONDS = 1.0


class Heartbeat:
    """Turned by a thread in a run, by hand elsewhere; a store that fails stops nothing."""

    def __init__(self, write: Callable[[str], None], clock: Clock) -> None:
        """Let `write` take the id of the held lock, empty while none is known."""
        self._write = write
        self._clock = clock
        self._stirred = threading.Event()
        self._stopped = False
        self._look: tuple[float, Callable[[], Lock | None]] | None = None
        self._lock_id = ""
        self._due = clock.clock() + BEAT_SECONDS

    def hold(self, look: Callable[[], Lock | None]) -> None:
        """Note that the engine has the lock; `look` finds it, None for one that is another's."""
        if self._look is None and not self._lock_id:
            self._look = (self._clock.clock() + LOCK_SECONDS, look)
            self._stirred.set()

    def release(self) -> None:
        self._look, self._lock_id = None, ""

    def turn(self) -> float:
        """Do what is due; return in how many seconds something will be."""
        now, wanted = self._clock.clock(), self._look
        found = wanted is not None and now >= wanted[0] and self._learn(wanted)
        if found or now >= self._due:
            self.beat()
        looks_at = self._look[0] if self._look is not None else self._due
        return max(0.0, min(self._due, looks_at) - self._clock.clock())

    def beat(self) -> None:
        self._due = self._clock.clock() + BEAT_SECONDS
        with contextlib.suppress(PurveyorError):
            self._write(self._lock_id)

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Turn in a thread of its own while the block runs."""
        threading.Thread(target=self._run, daemon=True, name="heartbeat").start()
        try:
            yield
        finally:
            self._stopped = True
            self._stirred.set()

    def _run(self) -> None:
        while not self._stopped:
            self._stirred.wait(self.turn())
            self._stirred.clear()

    def _learn(self, wanted: tuple[float, Callable[[], Lock | None]]) -> bool:
        lock = None
        with contextlib.suppress(PurveyorError):
            lock = wanted[1]()
        if self._look is not wanted:  # the engine has ended meanwhile: it may be another's
            return False
        self._look, self._lock_id = None, lock.id if lock is not None else ""
        return bool(self._lock_id)

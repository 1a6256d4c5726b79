"""Signs of life of one attempt, and the id of the lock that its engine holds."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from purveyor.errors import PurveyorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.lock import Lock

BEAT_SECONDS = 30.0
# Short runs never ask whose lock it is: they are over before anybody could wonder.
LOCK_SECONDS = 1.0


class Heartbeat:
    """Beats in a thread of its own; a store that fails meanwhile stops nothing.

    `write` takes the id of the held lock, empty while none is known.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._stirred = threading.Event()
        self._stopped = False
        self._look: tuple[float, Callable[[], Lock | None]] | None = None
        self._lock_id = ""

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        """Beat while the block runs."""
        threading.Thread(target=self._run, daemon=True, name="heartbeat").start()
        try:
            yield
        finally:
            self._stopped = True
            self._stirred.set()

    def hold(self, look: Callable[[], Lock | None]) -> None:
        """Note that the engine has the lock; `look` finds it, None for one that is another's."""
        if self._look is None and not self._lock_id:
            self._look = (time.monotonic() + LOCK_SECONDS, look)
            self._stirred.set()

    def release(self) -> None:
        """Note that the engine has ended."""
        self._look, self._lock_id = None, ""

    def _run(self) -> None:
        due = time.monotonic() + BEAT_SECONDS
        while True:
            wanted = self._look
            until = due if wanted is None else min(due, wanted[0])
            self._stirred.wait(max(0.0, until - time.monotonic()))
            self._stirred.clear()
            if self._stopped:
                return
            now = time.monotonic()
            found = wanted is not None and now >= wanted[0] and self._learn(wanted)
            if found or now >= due:
                due = now + BEAT_SECONDS
                with contextlib.suppress(PurveyorError):
                    self._write(self._lock_id)

    def _learn(self, wanted: tuple[float, Callable[[], Lock | None]]) -> bool:
        lock = None
        with contextlib.suppress(PurveyorError):
            lock = wanted[1]()
        if self._look is not wanted:  # the engine has ended meanwhile: it may be another's
            return False
        self._look, self._lock_id = None, lock.id if lock is not None else ""
        return bool(self._lock_id)

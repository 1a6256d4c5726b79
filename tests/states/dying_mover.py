"""Moves a state as the command does, and dies by SIGKILL at one point on the way.

`python dying_mover.py OLD_CATALOG NEW_CATALOG OLD_KEY POINT`; it ends with code 3 when it never
came to that point.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.cli.catalog_context import open_catalog_context
from purveyor.cli.format import now
from purveyor.cli.wiring import find_writer
from purveyor.state_key import StateKey, parse_moved_marker
from purveyor.states.entity import Named
from purveyor.states.moving import Move, Mover, NamedBackend

if TYPE_CHECKING:
    from purveyor.backends import Backend
    from purveyor.states.restoring import Writer
    from purveyor.step import BackendBlock

NEVER = 3
_NAP = 0.002


class Reaper:
    """Ends the process, and the engines that it started, when a point is reached."""

    def __init__(self, point: str) -> None:
        self._point = point

    def pass_by(self, point: str) -> None:
        """Go on, unless this is the point."""
        if point == self._point:
            kill_all()

    def lurk(self, point: str, holds: object) -> None:
        """Strike from a thread while the engine is at work, if this is the point.

        `in the lock` strikes when the engine has taken its lock, `after N ms` so long after its
        start.
        """
        if self._point.startswith(f"{point}, "):
            words = self._point.removeprefix(f"{point}, ")
            threading.Thread(target=self._strike, args=(words, holds), daemon=True).start()

    def _strike(self, words: str, holds: object) -> None:
        while not find_engines():
            time.sleep(_NAP)
        if words == "in the lock":
            while callable(holds) and not holds():
                time.sleep(_NAP)
        else:
            time.sleep(int(words.split()[1]) / 1000)
        kill_all()


class DyingMarks:
    """A backend whose notes are points to die at."""

    def __init__(self, real: Backend, reaper: Reaper) -> None:
        self._real = real
        self._reaper = reaper

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the note, if life lasts that long."""
        mark = parse_moved_marker(text)
        stage = mark.stage if mark else "?"
        self._reaper.pass_by(f"before the note {stage}")
        self._real.mark_moved(key, text)
        self._reaper.pass_by(f"after the note {stage}")


class DyingWriter:
    """A writer whose writes are points to die at."""

    def __init__(self, real: Writer, reaper: Reaper, backend: Backend, key: StateKey) -> None:
        self._real = real
        self._reaper = reaper
        self._access = backend.access(key)
        self._count = 0

    def push(self, block: BackendBlock, text: str) -> None:
        """Write, if life lasts that long."""
        self._count += 1
        self._reaper.pass_by(f"before write {self._count}")
        self._reaper.lurk(f"in write {self._count}", lambda: self._access.holder() is not None)
        self._real.push(block, text)
        self._reaper.pass_by(f"after write {self._count}")


def find_engines() -> list[int]:
    """Return the ids of this process's children that write a state."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"push" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


def kill_all() -> None:
    """Kill the engines and this process, as a lost machine does."""
    for engine in find_engines():
        with contextlib.suppress(ProcessLookupError):
            os.kill(engine, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Move, and die on the way."""
    old_catalog, new_catalog, old_key, point = sys.argv[1:]
    old, new = open_catalog_context(old_catalog), open_catalog_context(new_catalog)
    reaper = Reaper(point)
    owner = Named("service", "5a1f", "orders")
    key = new.backend.locate(owner)
    Mover(
        NamedBackend(DyingMarks(old.backend, reaper), old.name),  # type: ignore[arg-type]  # a stand-in for any backend
        NamedBackend(new.backend, new.name),
        DyingWriter(find_writer(new, None), reaper, new.backend, key),
        clock=now,
    ).move(Move(owner, StateKey(old_key, exists=True)))
    return NEVER


if __name__ == "__main__":
    sys.exit(main())

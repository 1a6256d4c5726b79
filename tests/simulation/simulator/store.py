"""A store in memory that promises what the real ones do: what was written last is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode, RecoveryError
from simulator.world import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.world import World


class MemoryStore:
    """Texts, with the time of each by the store's own clock, which tells whole seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.texts: dict[str, str] = {}
        self._times: dict[str, float] = {}

    def create(self, path: str, text: str) -> bool:
        """Write a text where there is none; False when there is one."""
        lost = self._ask("create ", path)
        new = path not in self.texts
        if new:
            self._keep(path, text)
        if lost:
            raise _away("the answer to a write was lost")
        return new

    def put(self, path: str, text: str) -> None:
        """Write a text, over what is there."""
        lost = self._ask("put    ", path)
        self._keep(path, text)
        if lost:
            raise _away("the answer to a write was lost")

    def read(self, path: str) -> str | None:
        """Return a text; None when there is none."""
        if self._ask("read   ", path):
            raise _away("an answer was lost")
        return self.texts.get(path)

    def remove(self, path: str) -> None:
        """Remove a text; nothing happens when there is none."""
        lost = self._ask("remove ", path)
        self.texts.pop(path, None)
        if lost:
            raise _away("the answer to a removal was lost")

    def paths(self, folder: str) -> Iterator[str]:
        """Yield every path below a folder. One request: a page of a listing has 1000 names."""
        if self._ask("list   ", folder):
            raise _away("an answer was lost")
        start = f"{folder}/"
        return iter([path for path in self.texts if path.startswith(start)])

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        """Yield the same, with their times."""
        return ((path, self._times[path]) for path in self.paths(folder))

    def age(self, path: str) -> float | None:
        """Return how long ago a text was written, by the store's own clock."""
        if self._ask("age of ", path):
            raise _away("an answer was lost")
        written = self._times.get(path) if path in self.texts else None
        return None if written is None else self._world.now // 1 - written

    def _keep(self, path: str, text: str) -> None:
        self.texts[path] = text
        self._times[path] = self._world.now // 1

    def _ask(self, what: str, path: str) -> bool:
        """Make a request; return whether its answer is lost."""
        fault = self._world.step(what + path)
        if fault is Fault.REFUSED:
            raise _away("the store refused")
        return fault is Fault.LOST


def _away(what: str) -> RecoveryError:
    return RecoveryError(what, reason=ReasonCode.STATE_UNREADABLE, hint="Try again.")

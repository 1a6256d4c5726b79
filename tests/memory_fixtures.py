"""A store in memory, a clock by hand, and a run that works with the two."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.attempt import Attempt, LocalRuns, NotOurs, ThisRun
from purveyor.clock import Clock
from purveyor.journal import Journal
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.journal import Begin


@dataclass
class HandClock:
    """A machine's clocks, which stand until somebody turns them."""

    seconds: float = 1000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, lambda: self.seconds, self.turn)

    def turn(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class MemoryStore:
    """Texts in a dictionary, and when each was written; `asked` is what was asked of it."""

    time: HandClock = field(default_factory=HandClock)
    texts: dict[str, tuple[str, float]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def create(self, path: str, text: str) -> bool:
        self.asked.append(("create", path))
        if path in self.texts:
            return False
        self.texts[path] = (text, self.time.seconds)
        return True

    def put(self, path: str, text: str) -> None:
        self.asked.append(("put", path))
        self.texts[path] = (text, self.time.seconds)

    def read(self, path: str) -> str | None:
        self.asked.append(("read", path))
        found = self.texts.get(path)
        return None if found is None else found[0]

    def remove(self, path: str) -> None:
        self.asked.append(("remove", path))
        self.texts.pop(path, None)

    def paths(self, folder: str) -> Iterator[str]:
        self.asked.append(("paths", folder))
        yield from [path for path in self.texts if path.startswith(f"{folder}/")]

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        yield from [(path, self.texts[path][1]) for path in self.paths(folder)]

    def age(self, path: str) -> float | None:
        self.asked.append(("age", path))
        found = self.texts.get(path)
        return None if found is None else self.time.seconds - found[1]

    def written(self) -> list[tuple[str, str]]:
        """Return what changed the store, in this order."""
        return [each for each in self.asked if each[0] in {"create", "put", "remove"}]

    def journal(self) -> Journal:
        return Journal(self, self.time.clock().now, age=self.age)


def make_run(
    store: MemoryStore, *, number: str = "100", dead: bool | None = None, host: str = "runner-1"
) -> ThisRun:
    """Return a run of a CI that says `dead` of every other one."""
    return ThisRun(
        identity=RunIdentity(
            ci="github", run=number, url=f"https://ci/{number}", project="acme/infra", host=host
        ),
        clock=store.time.clock(),
        is_dead=lambda _: dead,
        local_runs=LocalRuns(MemoryStore(store.time)),
    )


def claim(
    begin: Begin, *, journal: Journal | None, run: ThisRun, in_progress: bool = False
) -> Attempt | NotOurs:
    """Claim an action for a run."""
    attempt = Attempt(begin, run=run)
    return attempt.claim(journal, in_progress=in_progress) or attempt

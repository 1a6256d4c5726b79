"""How far a step is: its phase, what is being worked on and since when, how much is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.durations import tell_duration
from purveyor.plan import Verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.plan import Change
    from purveyor.step import ResourceMoved

_NAMED = 4
_OPERATIONS = {Verb.CREATE: 1, Verb.UPDATE: 1, Verb.REPLACE: 2, Verb.DELETE: 1}


class Progress:
    """Keeps count; `phase` is empty before the first one and after the last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.phase = ""
        self._began = clock()
        self._started: dict[str, float] = {}
        self._planned: dict[Change, None] = {}
        self._left: dict[str, int] = {}
        self._done = 0

    @property
    def seconds(self) -> float:
        return self._clock() - self._began

    def enter(self, phase: str) -> None:
        """Begin a phase; a plan begins the count anew."""
        self.phase, self._began = phase, self._clock()
        self._started.clear()
        if phase == "plan":
            self._planned.clear()
            self._left.clear()
            self._done = 0

    def plan(self, change: Change) -> int | None:
        """Count what will change; return the how manieth it is, None when it was told before."""
        if change in self._planned:
            return None
        self._planned[change] = None
        if change.verb in _OPERATIONS:
            self._left.setdefault(change.address, 0)
            self._left[change.address] += _OPERATIONS[change.verb]
        return len(self._planned)

    def move(self, event: ResourceMoved) -> float:
        """Note what became of a resource; return for how long it has been worked on."""
        now = self._clock()
        # Whole seconds from the engine, fractions from our own clock: the longer one is right.
        began = min(self._started.get(event.address, now), now - event.seconds)
        self._started[event.address] = began
        if event.stage in {"failed", "ended"}:
            del self._started[event.address]
        if event.stage == "ended" and event.address in self._left:
            self._left[event.address] -= 1
            self._done += self._left[event.address] == 0
        return now - began

    def tell(self) -> str:
        """Return such as `apply 12 s, 2 of 5: aws_db_instance.main 10 s`."""
        text = f"{self.phase or 'at work'} {tell_duration(self.seconds)}"
        if self._left:
            text += f", {self._done} of {len(self._left)}"
        running = sorted(self._started.items(), key=lambda each: each[1])
        if not running:
            return text
        now = self._clock()
        names = [f"{name} {tell_duration(now - began)}" for name, began in running[:_NAMED]]
        more = f" and {len(running) - _NAMED} more" if len(running) > _NAMED else ""
        return f"{text}: {', '.join(names)}{more}"

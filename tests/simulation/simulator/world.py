"""Tasks that take turns at each request, a clock that jumps over idle time, and what goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from greenlet import GreenletExit, getcurrent, greenlet

from purveyor.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BEGINNING = 1_700_000_000.0
REQUEST_SECONDS = 0.05
# A schedule that goes on for so long turns in a circle.
MOST_STEPS = 20_000


class Fault(IntEnum):
    """What befalls whoever makes a request."""

    NONE = 0
    REFUSED = 1  # the request is not carried out
    LOST = 2  # it is carried out, and its sender is told an error
    PAUSE = 3  # another task goes first
    FREEZE = 4  # the machine stands still for `much` seconds
    MACHINE_LOST = 5
    RUN_KILLED = 6  # kill -9: its engine works on
    ENGINE_KILLED = 7
    CI_WRONG = 8  # the CI calls the job over, and ends it within `much` seconds
    CLOCK_SET = 9  # the machine's clock jumps by `much` seconds


@dataclass(frozen=True, slots=True)
class Event:
    """A fault at one of a job's requests, by its number. `much` is in seconds, or picks a task."""

    job: int
    step: int
    fault: Fault
    much: int = 0


class BrokenPromiseError(Exception):
    """A promise was seen broken."""


@dataclass(slots=True)
class Job:
    """One job of a CI on one machine: a run, its engine, and what comes after it.

    `ahead` is how many seconds its clock is ahead, `noticed_after` how long the CI takes to see
    that its machine is lost. `over_at` is when its CI calls it over.
    """

    name: str
    world: World
    host: str
    ahead: float = 0.0
    events: Mapping[int, Event] = field(default_factory=dict)
    noticed_after: float = 60.0
    steps: int = 0
    lost: bool = False
    over_at: float = math.inf
    disturbed: bool = False
    tasks: list[Task] = field(default_factory=list)
    followers: list[tuple[Callable[..., None], float]] = field(default_factory=list)

    def wall_clock(self) -> float:
        """Return the time by the clock of its machine."""
        return self.world.now + self.ahead

    def clock(self) -> Clock:
        """Return its machine's clocks."""
        return Clock(lambda: self.world.now, self.wall_clock, self.world.sleep)

    def end(self) -> None:
        """Come to an end: the CI knows, and kills what is left of it."""
        self._be_over(self.world.now)
        self.world.kill(self.tasks)

    def lose(self) -> None:
        """Lose the machine with all that runs on it."""
        self.lost = True
        self._be_over(self.world.now + self.noticed_after)
        self.world.kill(self.tasks)

    def _be_over(self, at: float) -> None:
        self.over_at = min(self.over_at, at)
        followers, self.followers = self.followers, []
        for start, after in followers:
            start(after=max(0.0, at - self.world.now) + after)


class Task:
    """One thread of a process. `wake` is when it goes on; `group` tells a run from its engine."""

    __slots__ = ("alive", "greenlet", "group", "job", "name", "on_end", "wake", "work")

    def __init__(self, job: Job, name: str, work: Callable[[], None], group: str) -> None:
        self.job = job
        self.name = name
        self.work = work
        self.group = group
        self.wake = job.world.now
        self.alive = True
        self.on_end: Callable[[], None] | None = None
        self.greenlet = greenlet(self._run, job.world.hub)

    def _run(self) -> None:
        try:
            self.work()
        finally:
            if self.alive:
                self.job.world.retire(self)


class World:
    """One schedule: who works when, at what time, and what goes wrong at which request."""

    def __init__(self, *, story: list[str] | None = None) -> None:
        self.now = BEGINNING
        self.steps = 0
        self.story = story
        self.closing = False
        self.current: Task | None = None
        self._tasks: list[Task] = []
        self._dead: list[Task] = []
        self.hub = getcurrent()

    def spawn(
        self, job: Job, name: str, work: Callable[[], None], *, group: str = "run", after: float = 0
    ) -> Task:
        """Begin a task of a job in `after` seconds."""
        task = Task(job, name, work, group)
        task.wake = self.now + after
        self._tasks.append(task)
        job.tasks.append(task)
        return task

    def run(self) -> None:
        """Let all tasks work until none is left or all wait for ever; raise what one raises."""
        while (task := self._next()) is not None:
            self.current = task
            task.greenlet.switch()

    def close(self) -> None:
        """Drop what is left; nothing that it still does reaches the world."""
        self.closing = True
        for task in [*self._tasks, *self._dead]:
            if task.greenlet:
                task.alive = False
                task.greenlet.throw(GreenletExit)

    def step(self, what: str = "") -> Fault:
        """Make a request: another task may go first, and something may befall the sender."""
        task = self.current
        if self.closing or task is None or getcurrent() is not task.greenlet:
            raise GreenletExit
        job = task.job
        job.steps += 1
        self.steps += 1
        self.now += REQUEST_SECONDS
        event = job.events.get(job.steps)
        if self.story is not None:
            self.story.append(self._tell(task, what, event))
        if event is not None:
            return self._befall(task, event)
        if self.steps > MOST_STEPS:
            raise BrokenPromiseError("It never comes to an end.")
        return Fault.NONE

    def note(self, what: str) -> None:
        """Add a line to the story."""
        if self.story is not None:
            self.story.append(f"{self.now - BEGINNING:8.1f} s  {'':14}   {what}")

    def sleep(self, seconds: float) -> None:
        """Let others work for some time."""
        task = self.current
        if self.closing or task is None:
            raise GreenletExit
        task.wake = self.now + seconds
        self._turn(task)

    def kill(self, tasks: list[Task]) -> None:
        """End tasks in the middle of what they do; the current one ends when it comes to that."""
        current, mine = self.current, False
        for task in list(tasks):
            if task.alive:
                mine |= task is current and getcurrent() is task.greenlet
                self._leave(task)
                self._dead.append(task)
                if task.on_end is not None:
                    task.on_end()
        if mine and current is not None:
            self._turn(current)

    def retire(self, task: Task) -> None:
        """Note that a task came to its end."""
        self._leave(task)
        if task.on_end is not None and not self.closing:
            task.on_end()

    def _leave(self, task: Task) -> None:
        task.alive = False
        if task in self._tasks:
            self._tasks.remove(task)
        if task in task.job.tasks:
            task.job.tasks.remove(task)

    def _turn(self, task: Task) -> None:
        following = self._next()
        if following is task:
            return
        if following is None:
            self.hub.switch()
        else:
            self.current = following
            following.greenlet.switch()
        if self.closing:
            raise GreenletExit

    def _next(self) -> Task | None:
        """Return who goes on: whose time has come first; time passes until then."""
        if not self._tasks:
            return None
        task = self._tasks[0]
        for each in self._tasks:
            if each.wake < task.wake:
                task = each
        if task.wake == math.inf:
            return None
        self.now = max(self.now, task.wake)
        return task

    def _befall(self, task: Task, event: Event) -> Fault:
        job, fault = task.job, event.fault
        match fault:
            case Fault.REFUSED | Fault.LOST:
                job.disturbed = True
                return fault
            case Fault.PAUSE:
                self._pause(task, event.much)
            case Fault.FREEZE | Fault.CI_WRONG if job.over_at == math.inf:
                self._keep_waiting(task, event)
            case Fault.MACHINE_LOST:
                job.lose()
            case Fault.RUN_KILLED | Fault.ENGINE_KILLED:
                group = "run" if fault is Fault.RUN_KILLED else "engine"
                self.kill([each for each in job.tasks if each.group == group])
            case Fault.CLOCK_SET:
                job.ahead += event.much
            case _:
                pass
        return Fault.NONE

    def _keep_waiting(self, task: Task, event: Event) -> None:
        """Freeze a job, or let its CI call it over; never both: on that the product rests."""
        job = task.job
        if event.fault is Fault.FREEZE:
            job.disturbed = True
            for each in job.tasks:
                each.wake = max(each.wake, self.now + event.much)
            self._turn(task)
        elif not job.disturbed:
            job.over_at = self.now
            self.spawn(job, "the CI", job.lose, group="ci", after=event.much)

    def _pause(self, task: Task, pick: int) -> None:
        ready = [each for each in self._tasks if each.wake <= self.now and each is not task]
        if ready:
            other = ready[pick % len(ready)]
            task.wake = self.now
            other.wake = min(other.wake, self.now - 1)
            self._turn(task)

    def _tell(self, task: Task, what: str, event: Event | None) -> str:
        mark = ""
        if event is not None:
            much = f" {event.much}" if event.much else ""
            mark = f"   <- {event.fault.name.lower().replace('_', ' ')}{much}"
        return f"{self.now - BEGINNING:8.1f} s  {task.name:14}   {what}{mark}"

"""The receiver: takes notifications, is killed and starts again, and fetches what it missed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from purveyor import json_text
from purveyor.attempt import LocalRuns
from purveyor.cli.run import _document
from purveyor.errors import PurveyorError
from purveyor.inbox.model import (
    DeliveryEnding,
    DeliveryStatus,
    InboxCounts,
    NotStoredError,
    pause_after,
)
from purveyor.receiver.app import Receiver
from purveyor.receiver.missed import MissedDeliveries
from purveyor.receiver.reading import read_delivery
from purveyor.receiver.runs import _read_outcome
from purveyor.run_identity import RunIdentity
from simulator.inbox import DiskInbox, Kept, Sent, SentList
from simulator.runs import Disk, House, Run
from simulator.world import BrokenPromiseError, Job

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from simulator.entity import Thing
    from simulator.schedule import Schedule
    from simulator.world import Event, Task

HOST = "receiver"
SEARCH_SECONDS = 300.0
_STARTS_AFTER = 5.0  # its supervisor's pause
_OPEN = {DeliveryStatus.WAITING, DeliveryStatus.RUNNING}


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing but the world."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits for an event loop")


class ChildRun(Run):
    """A run that the receiver starts: it writes its outcome down, and nobody cleans up after it."""

    def __init__(self, machine: Machine, job: Job, action: str, pid: int) -> None:
        super().__init__(machine.house, job, action, number=f"child-{pid}", attempt=1)
        self.identity = RunIdentity("terminal", host=HOST, boot="boot", pid=pid)
        self._local_runs = LocalRuns(machine.disk)  # type: ignore[arg-type]
        self._machine = machine
        machine.house.jobs[f"pid {pid}"] = job

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return any(each.group == "run" for each in self.job.tasks)

    def carry_out(self) -> None:
        """Carry it out in a process of its own, and wait for its end."""
        self._await(self.job.world.spawn(self.job, self.job.name, self._run))

    def clean_up(self) -> None:
        """Do what a run that was killed could not."""
        name = f"{self.job.name} finish"
        self._await(self.job.world.spawn(self.job, name, self._finish, group="finish"))

    def _await(self, task: Task) -> None:
        waiting, world = self.job.world.current, self.job.world

        def wake() -> None:
            if waiting is not None and waiting.alive:
                waiting.wake = world.now

        task.on_end = wake
        while task.alive:
            world.sleep(float("inf"))

    def _run(self) -> None:
        ending = self._provisioner().provision(self.context)
        self._machine.outcomes[self.action] = _document(ending)


class Machine:
    """The machine of the receiver: its disk stays, its processes come and go."""

    def __init__(
        self,
        house: House,
        thing: Thing,
        schedule: Schedule,
        first: int,
        events: list[dict[int, Event]],
    ) -> None:
        self.house, self.world, self._thing = house, house.world, thing
        self.kept: dict[str, Kept] = {}
        self.outcomes: dict[str, str] = {}
        self.sent: list[Sent] = []
        self.disk = Disk()
        self._runs: dict[str, ChildRun] = {}
        self._left = len(schedule.received)
        self._events, self._ahead = events[first:], schedule.ahead[first:]
        self._process = Job(f"{HOST}-0", self.world, HOST)
        self._worker: Task | None = None
        self._searched = 0.0
        self._starts = self._steps = self._children = 0

    def begin(self, schedule: Schedule) -> None:
        """Start the receiver, and let the platform send."""
        self._start()
        for i, each in enumerate(schedule.received):
            name, action = f"channel-{i + 1}", f"action-{each.action + 1}"
            sender = Job(name, self.world, "platform")
            self.world.spawn(sender, name, partial(self._send, action), after=each.after)
        for at, seconds in schedule.away:
            power = Job("supervisor", self.world, HOST)
            self.world.spawn(power, "stop", partial(self._stop, seconds), after=at)

    def row(self, sent: Sent) -> Any:
        """Return a notification as the platform lists it."""
        moment = datetime.fromtimestamp(sent.at, UTC).isoformat(timespec="milliseconds")
        return {
            "id": sent.id,
            "created_at": moment,
            "status": sent.status,
            "notification": self._notification(sent.action),
        }

    def wake(self) -> None:
        """Let the worker look."""
        if self._worker is not None and self._worker.alive:
            self._worker.wake = min(self._worker.wake, self.world.now)

    def _notification(self, action: str) -> Any:
        thing = self.house.platform.actions[action].thing.name
        service = {"id": thing, "slug": "x", "specification": {"id": "s-1", "slug": "thing"}}
        return {"id": action, "type": "create", "service": service, "link": None}

    def _send(self, action: str) -> None:
        """Post one notification; the platform tries no second time."""
        sent = Sent(f"n-{len(self.sent) + 1}", action, self.world.now)
        self.sent.append(sent)
        self._left -= 1
        if action not in self.house.platform.actions:
            self.house.platform.accept(action, self._thing)
            self.house.platform.actions[action].sent = True
        sent.status = "failed"
        if not self._process.tasks:
            self.world.note(f"{action} is sent, and nobody listens")
            return
        name = f"{self._process.name} takes {action}"
        self.world.spawn(self._process, name, lambda: self._take(sent))

    def _take(self, sent: Sent) -> None:
        """Answer a POST, by the receiver's own code."""
        body = json_text.write({"notification": self._notification(sent.action)}).encode()
        delivery = read_delivery(body, self.world.now, lambda *_: True)
        receiver: Any = object.__new__(Receiver)
        receiver.inbox, receiver._tell = DiskInbox(self), lambda *_, **__: None  # noqa: SLF001
        receiver.counts = InboxCounts(0, 0, 0, 0, 0.0)
        try:
            drive(receiver._store(delivery))  # noqa: SLF001 - the step of its answer to a POST
        except HTTPException:
            return
        if self.world.step(f"answer that {sent.action} is accepted"):
            return
        sent.status = "success"
        if sent.action not in self.kept:
            raise BrokenPromiseError(f"{sent.action} is acknowledged and not stored.")

    def _start(self) -> None:
        """Start the process; whoever was at work when the last one died is taken back."""
        self._starts += 1
        job = Job(f"{HOST}-{self._starts}", self.world, HOST, self._ahead[0], self._events[0])
        job.steps, self._process = self._steps, job
        for each in self.kept.values():
            if each.status is DeliveryStatus.RUNNING:
                each.status = DeliveryStatus.WAITING
        self._worker = self.world.spawn(job, f"{job.name} works", self._work)
        self._worker.on_end = lambda: self._restart(job)
        self.world.spawn(job, f"{job.name} searches", self._search)

    def _restart(self, job: Job) -> None:
        self._steps = job.steps
        if self._process is job and not self._is_done():
            supervisor = Job("supervisor", self.world, HOST)
            self.world.spawn(supervisor, "start", self._start_once, after=_STARTS_AFTER)

    def _start_once(self) -> None:
        if not self._process.tasks:
            self._start()

    def _stop(self, seconds: float) -> None:
        """Keep the receiver away for some time."""
        job, self._process = self._process, Job("nobody", self.world, HOST)
        self.world.note(f"the receiver is away for {seconds:.0f} s")
        self._steps = job.steps
        self.world.kill(job.tasks)
        self.world.sleep(seconds)
        self._start_once()

    def _work(self) -> None:
        while not self._is_done():
            found = self._next()
            if found is not None and found.due <= self.world.now:
                self._perform(found)
                continue
            self.world.sleep(SEARCH_SECONDS if found is None else found.due - self.world.now)

    def _next(self) -> Kept | None:
        """Return the first that is open: all are of one entity."""
        return next((each for each in self.kept.values() if each.status in _OPEN), None)

    def _perform(self, kept: Kept) -> None:
        """Have a run carry it out, unless one of an earlier process does, or has."""
        action, world = kept.delivery.action_id, self.world
        kept.status = DeliveryStatus.RUNNING
        run = self._runs.get(action)
        while run is not None and run.alive:
            world.sleep(1.0)
        if run is not None and run.engine is not None and action not in self.outcomes:
            run.clean_up()  # it left a workspace; one that did not is begun again
        if action not in self.outcomes:
            self._children += 1
            number = min(self._children, len(self._events) - 1)
            events = self._events[number] if self._children == number else {}
            name = f"{HOST} child-{self._children}"
            child = Job(name, world, HOST, self._ahead[number], events)
            self._runs[action] = run = ChildRun(self, child, action, self._children)
            run.carry_out()
        text = self.outcomes.get(action, "")
        path: Any = SimpleNamespace(read_text=lambda _: text)
        self._end(kept, _read_outcome(path) or DeliveryEnding(DeliveryStatus.WAITING))

    def _end(self, kept: Kept, ending: DeliveryEnding) -> None:
        action = kept.delivery.action_id
        while self.world.step(f"store how {action} ended: {ending.status} {ending.reason}"):
            self.world.sleep(1.0)
        self.outcomes.pop(action, None)
        kept.status = ending.status
        if ending.status is DeliveryStatus.WAITING:
            kept.tries += 1
            pause = pause_after(kept.tries)
            kept.due = self.world.now + (pause or 0.0)
            kept.status = DeliveryStatus.FAILED if pause is None else DeliveryStatus.WAITING

    def _search(self) -> None:
        job = self._process

        def tell(event: str, /, **_: object) -> None:
            self.world.note(f"{job.name}: {event}")

        search = MissedDeliveries(
            DiskInbox(self),  # type: ignore[arg-type]
            lambda: SentList(self),  # type: ignore[arg-type,return-value]
            ("organization=1",),
            lambda *_: True,
            lambda action: self.house.journal(job).last(action) is not None,
            tell,
        )
        while not self._is_done():
            began = self.world.now
            if drive(_search_once(search)):
                self._searched = began
                self.wake()
            self.world.sleep(SEARCH_SECONDS)

    def _is_done(self) -> bool:
        """Tell whether all was sent, found and carried out."""
        last = max((each.at for each in self.sent), default=0.0)
        taking = any(" takes " in each.name for each in self._process.tasks)
        searched = self._searched > last + 61  # by then nothing may be under way
        return not self._left and not taking and searched and self._next() is None


async def _search_once(search: MissedDeliveries) -> bool:
    try:
        return not await search.fetch()
    except (PurveyorError, NotStoredError):
        return False

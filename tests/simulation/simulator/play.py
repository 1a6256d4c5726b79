"""Plays one schedule, and says which promise it broke."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.journal import Journal, layout
from purveyor.reporter.model import FINISHED
from simulator.entity import States, Thing
from simulator.platform import Platform
from simulator.product import CurrentWorld
from simulator.receiver import HOST, Machine
from simulator.runs import House, Run, SweepJob
from simulator.store import MemoryStore
from simulator.world import BrokenPromiseError, Job, World

if TYPE_CHECKING:
    from simulator.schedule import Schedule
    from simulator.world import Event

_LATER = 4 * 3600.0


def play(schedule: Schedule, *, story: list[str] | None = None) -> str:
    """Play a schedule; return which promise was broken, empty for none."""
    world = CurrentWorld.world = World(story=story)
    house = _build(world, schedule)
    try:
        world.run()
        _come_to_rest(house)
        _judge(house)
    except BrokenPromiseError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - what nobody foresaw is a broken promise, too
        return f"{type(error).__name__}: {error}"
    finally:
        world.close()
    return ""


def _build(world: World, schedule: Schedule) -> House:
    store, thing = MemoryStore(world), Thing("thing-1")
    house = House(world, store, States(world, {thing.name: thing}), Platform(world))
    runs: list[Run] = []
    events: list[dict[int, Event]] = [{} for _ in schedule.ahead]
    for event in schedule.events:
        events[event.job][event.step] = event
    for i, each in enumerate(schedule.deliveries):
        action = f"action-{each.action + 1}"
        if action not in house.platform.actions:
            house.platform.accept(action, thing)
        job = Job(f"run-{i + 1}", world, f"host-{i + 1}", schedule.ahead[i], events[i])
        job.noticed_after = schedule.noticed_after
        first = runs[each.follows] if each.follows >= 0 else None
        number, attempt = (first.number, first.attempt + 1) if first else (str(i + 1), 1)
        run = Run(house, job, action, number=number, attempt=attempt)
        runs.append(run)
        if first is None:
            run.start(after=each.after)
        else:
            first.job.followers.append((run.start, each.after))
    for i, after in enumerate(schedule.sweeps):
        n = len(runs) + i
        job = Job(f"sweep-{i + 1}", world, f"host-{n + 1}", schedule.ahead[n], events[n])
        SweepJob(house, job).start(after=after)
    if schedule.received:
        Machine(house, thing, schedule, len(runs) + len(schedule.sweeps), events).begin(schedule)
    return house


def _come_to_rest(house: House) -> None:
    """Sweep as a schedule does, when all is over and nothing goes wrong any more."""
    world = house.world
    world.note("all is over")
    for i in range(2):
        world.now += _LATER
        # Only there can it be seen that what the receiver started is over.
        SweepJob(house, Job(f"last-{i + 1}", world, HOST)).start(after=0.0)
        world.run()
        if not any(path.startswith(layout.OPEN) for path in house.store.texts):
            break


def _judge(house: House) -> None:
    texts = house.store.texts
    journal = Journal(_Quiet(texts), lambda: house.world.now)  # type: ignore[arg-type]
    for action, shown in house.platform.actions.items():
        if shown.status not in FINISHED:
            raise BrokenPromiseError(f"{action} stays {shown.status}.")
        if shown.sent and shown.reason == "RUN_NOT_STARTED":
            raise BrokenPromiseError(f"{action} was sent to the receiver, and no run took it.")
        ended = [each for each in journal.attempts(action) if each.end is not None]
        last = ended[-1] if ended else None
        if last is not None and last.end is not None and last.end.status != shown.status:
            if (shown.blind or shown.unasked) and shown.status == "failed":
                continue
            raise BrokenPromiseError(
                f"{action} is shown as {shown.status}, and ended as {last.end.status}."
            )
        if last is not None and not last.reported:
            raise BrokenPromiseError(f"That the platform knows the end of {action} is forgotten.")
    left = [path for path in texts if path.startswith(layout.OPEN)]
    if left:
        raise BrokenPromiseError(f"{', '.join(left)} stays open.")


class _Quiet:
    """The store as it is when all is over."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.read = texts.get
        self._texts = texts

    def paths(self, folder: str) -> list[str]:
        """List what is below a folder."""
        return [path for path in self._texts if path.startswith(f"{folder}/")]

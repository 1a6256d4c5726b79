"""A schedule from a seed: who is delivered what and when, and what goes wrong at which request."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from simulator.world import Event, Fault

_STEPS, _WORK = 32, 14
_DELAYS = (0, 0, 0, 1, 5, 30, 60, 300, 400, 700, 1200, 5000)
_SWEEPS = (0, 20, 60, 320, 400, 700, 1100, 4000, 8000)
_FREEZES = (40, 120, 400, 700, 2000, 9000)
_AHEAD = (0, 0, 0, 45, -45, 400, -400, 7200, -7200)
_FAULTS = (
    *(Fault.REFUSED, Fault.LOST, Fault.FREEZE, Fault.FREEZE, Fault.MACHINE_LOST),
    *(Fault.MACHINE_LOST, Fault.RUN_KILLED, Fault.ENGINE_KILLED, Fault.CI_WRONG, Fault.CLOCK_SET),
)


# Its machine stays: after the loss of one nobody can tell whether what ran there is over.
_RECEIVERS_FAULTS = (
    *(Fault.REFUSED, Fault.LOST, Fault.RUN_KILLED, Fault.RUN_KILLED, Fault.ENGINE_KILLED),
    *(Fault.PAUSE, Fault.FREEZE, Fault.CLOCK_SET),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An action given to a job, `after` seconds; where it `follows` one, after that job's end."""

    action: int
    after: int
    follows: int = -1


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that is decided before it is played. `ahead` is by how much each job's clock is."""

    deliveries: tuple[Delivery, ...]
    sweeps: tuple[int, ...]
    ahead: tuple[int, ...]
    noticed_after: int
    events: tuple[Event, ...]
    received: tuple[Delivery, ...] = ()  # sent to the receiver
    away: tuple[tuple[int, int], ...] = ()  # when the receiver is stopped, and for how long


def make_schedule(seed: int) -> Schedule:
    """Return the schedule of a seed."""
    rng = random.Random(seed)  # noqa: S311 - a schedule is no secret
    pick, number = rng.choice, rng.random
    deliveries = [Delivery(0, 0)]
    for _ in range(pick((0, 1, 1, 2, 2, 3))):
        action, after = int(number() * 2), pick(_DELAYS)
        follows = int(number() * len(deliveries)) if number() < 0.3 else -1
        if follows >= 0:
            action = deliveries[follows].action
        deliveries.append(Delivery(action, after, follows))
    sweeps = tuple(pick(_SWEEPS) for _ in range(pick((0, 1, 1, 2))))
    jobs = len(deliveries) + len(sweeps)
    events = {}
    for _ in range(pick((1, 2, 4, 8))):
        job, step = int(number() * jobs), 1 + int(number() * _STEPS)
        events[job, step] = Event(job, step, Fault.PAUSE, int(number() * 8))
    for _ in range(pick((0, 1, 1, 2, 2, 3, 4))):
        # More often than not where a run claims, marks and changes things.
        steps = pick((_STEPS, _WORK))
        job, step = int(number() * jobs), 1 + int(number() * steps)
        events[job, step] = Event(job, step, *_fault(rng))
    schedule = Schedule(
        tuple(deliveries),
        sweeps,
        tuple(pick(_AHEAD) for _ in range(jobs)),
        pick((10, 60, 600)),
        tuple(events[each] for each in sorted(events)),
    )
    return _with_receiver(schedule, rng) if number() < 0.25 else schedule


def _with_receiver(schedule: Schedule, rng: random.Random) -> Schedule:
    """Let a channel send to a receiver, too: it is a job, and so is each run that it starts."""
    pick, number = rng.choice, rng.random
    received = tuple(
        Delivery(int(number() * 3), pick(_DELAYS[:-1])) for _ in range(pick((1, 1, 2, 3)))
    )
    first, jobs = len(schedule.ahead), 1 + len(received)
    events = {}
    for _ in range(pick((0, 1, 2, 4))):
        job, step = first + int(number() * jobs), 1 + int(number() * _WORK)
        fault = pick(_RECEIVERS_FAULTS)
        much = {Fault.FREEZE: 120, Fault.CLOCK_SET: 400, Fault.PAUSE: int(number() * 8)}
        events[job, step] = Event(job, step, fault, much.get(fault, 0))
    away = tuple((pick(_DELAYS[:-1]), pick((30, 600, 900))) for _ in range(pick((0, 0, 1, 1, 2))))
    return replace(
        schedule,
        ahead=(*schedule.ahead, *(pick((0, 0, 400, -400)) for _ in range(jobs))),
        events=(*schedule.events, *(events[each] for each in sorted(events))),
        received=received,
        away=away,
    )


def _fault(rng: random.Random) -> tuple[Fault, int]:
    fault = rng.choice(_FAULTS)
    if fault is Fault.FREEZE:
        return fault, rng.choice(_FREEZES)
    if fault is Fault.CI_WRONG:
        return fault, rng.choice((20, 100, 200))
    if fault is Fault.CLOCK_SET:
        return fault, rng.choice(_AHEAD)
    return fault, 0

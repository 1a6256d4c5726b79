"""Makes a failing schedule short: whatever can be left out, or be made plainer, is."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from simulator.play import play
from simulator.world import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.schedule import Schedule


def shrink(schedule: Schedule, broken: str) -> Schedule:
    """Return a schedule that breaks the same promise, and of which nothing can be left out."""
    kind = _kind(broken)
    while True:
        for shorter in _shorter(schedule):
            if _kind(play(shorter)) == kind:
                schedule = shorter
                break
        else:
            return schedule


def _kind(broken: str) -> str:
    return re.sub(r"[-\d]+", "", broken)


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    """Yield what is one part shorter or plainer."""
    runs = len(schedule.deliveries)
    for job in reversed(range(1, runs)):
        yield _without_run(schedule, job)
    for i in range(len(schedule.sweeps)):
        kept = schedule.sweeps[:i] + schedule.sweeps[i + 1 :]
        yield dataclasses.replace(_without_job(schedule, runs + i), sweeps=kept)
    for i, event in enumerate(schedule.events):
        rest = schedule.events[:i] + schedule.events[i + 1 :]
        yield dataclasses.replace(schedule, events=rest)
        if event.fault is Fault.LOST:
            plainer = dataclasses.replace(event, fault=Fault.REFUSED)
            events = (*schedule.events[:i], plainer, *schedule.events[i + 1 :])
            yield dataclasses.replace(schedule, events=events)
    for i in range(len(schedule.received)):
        if len(schedule.received) > 1:
            kept_sent = schedule.received[:i] + schedule.received[i + 1 :]
            last = len(schedule.ahead) - 1  # one run less
            yield dataclasses.replace(_without_job(schedule, last), received=kept_sent)
    for i in range(len(schedule.away)):
        yield dataclasses.replace(schedule, away=schedule.away[:i] + schedule.away[i + 1 :])
    yield from _plainer(schedule)


def _plainer(schedule: Schedule) -> Iterator[Schedule]:
    for i, ahead in enumerate(schedule.ahead):
        if ahead:
            right = (*schedule.ahead[:i], 0, *schedule.ahead[i + 1 :])
            yield dataclasses.replace(schedule, ahead=right)
    for i, each in enumerate(schedule.deliveries):
        if each.after:
            at_once = dataclasses.replace(each, after=0)
            deliveries = (*schedule.deliveries[:i], at_once, *schedule.deliveries[i + 1 :])
            yield dataclasses.replace(schedule, deliveries=deliveries)


def _without_run(schedule: Schedule, job: int) -> Schedule:
    kept = []
    for i, each in enumerate(schedule.deliveries):
        if i != job:
            follows = -1 if each.follows == job else each.follows - (each.follows > job)
            kept.append(dataclasses.replace(each, follows=follows))
    return dataclasses.replace(_without_job(schedule, job), deliveries=tuple(kept))


def _without_job(schedule: Schedule, job: int) -> Schedule:
    events = [
        dataclasses.replace(each, job=each.job - (each.job > job))
        for each in schedule.events
        if each.job != job
    ]
    ahead = schedule.ahead[:job] + schedule.ahead[job + 1 :]
    return dataclasses.replace(schedule, events=tuple(events), ahead=ahead)

"""Bugs planted in the product's code, so that it is seen that the simulation finds the like."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any
from unittest import mock

from purveyor.attempt import MarkedChange
from purveyor.dispatch import RunState
from purveyor.errors import ReasonCode
from purveyor.journal import Journal, layout
from purveyor.journal.records import write_record
from purveyor.outcome import Outcome, Status
from purveyor.receiver.app import Receiver
from purveyor.receiver.missed import MissedDeliveries
from purveyor.sweep import actions
from purveyor.sweep.liveness import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from purveyor.journal import AttemptRecord, Begin, Claimed, Ended
    from purveyor.lock import Lock
    from purveyor.sweep import Sweeper
    from purveyor.sweep.liveness import Judged

_begin = MarkedChange.begin


def _put_begin(journal: Journal, wanted: Begin) -> bool:
    path = layout.attempt_path(wanted.action, wanted.attempt, layout.BEGIN)
    journal._store.put(path, write_record(wanted))  # noqa: SLF001 - what the bug does
    return True


def _end_first(change: MarkedChange) -> Lock | None:
    rival = _begin(change)
    if rival is None:
        change.attempt.finish(Outcome(Status.SUCCESS, ReasonCode.DONE, 0, "Created."))
    return rival


def _compare_clocks(journal: Journal, attempt: AttemptRecord) -> float:
    return max(0.0, journal._clock() - attempt.last_sign)  # noqa: SLF001 - what the bug does


def _judge_by_silence(attempted: AttemptRecord, sweeper: Sweeper) -> Judged:
    over = RunState(alive=False, conclusion="silent")
    return judge(attempted, dataclasses.replace(sweeper, look_up=lambda _: over))


def _unmark_at_once(change: MarkedChange) -> Lock | None:
    rival = _begin(change)
    change._remove_marker()  # noqa: SLF001 - what the bug does
    return rival


def _look_then_mark(change: MarkedChange) -> Lock | None:
    rival = change.rival()
    if rival is None:
        change.marked = True  # so that `begin` does not look any more
        _begin(change)
    return rival


def _take_over(journal: Journal, claimed: Begin, found: AttemptRecord) -> Claimed | Ended:
    from purveyor.journal import Claimed

    del journal
    return Claimed(claimed, before=found.begin)


async def _acknowledge_first(receiver: Any, delivery: Any) -> None:
    """Answer, and store afterwards."""
    from simulator.product import CurrentWorld

    world = CurrentWorld.world
    task = world.current
    assert task is not None

    def store() -> None:
        with contextlib.suppress(StopIteration):
            receiver.inbox.accept(delivery).send(None)

    world.spawn(task.job, f"{task.job.name} stores", store, after=1.0)


def _patch(*patches: tuple[Any, str, object]) -> Callable[[], AbstractContextManager[object]]:
    def plant() -> AbstractContextManager[object]:
        stack = contextlib.ExitStack()
        for where, name, what in patches:
            stack.enter_context(mock.patch.object(where, name, what))
        return stack

    return plant


BUGS: Mapping[str, Callable[[], AbstractContextManager[object]]] = {
    "create-is-put": _patch((Journal, "_create", _put_begin)),
    "end-before-save": _patch((MarkedChange, "begin", _end_first)),
    "wrong-clock": _patch((Journal, "silence", _compare_clocks)),
    "ci-not-asked": _patch((actions, "judge", _judge_by_silence)),
    "marker-too-early": _patch((MarkedChange, "begin", _unmark_at_once)),
    "look-then-mark": _patch((MarkedChange, "begin", _look_then_mark)),
    "acknowledge-first": _patch((Receiver, "_store", _acknowledge_first)),
    "nothing-fetched": _patch((MissedDeliveries, "_list", lambda *_: iter(()))),
    "no-second-look": _patch(
        (Journal, "_take_over", _take_over), (Journal, "is_followed", lambda *_: False)
    ),
}

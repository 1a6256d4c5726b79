"""Waits for a run of this machine, and for an engine that outlived its run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process

if TYPE_CHECKING:
    from purveyor.attempt.local_run import LocalRun
    from purveyor.finish.ports import Ports

_LOOK_SECONDS = 0.2
_LAST_PART, _LONGEST_LAST = 0.25, 60.0


class Left(Enum):
    """What is left of a run."""

    NOTHING = "nothing"
    RUN = "run"
    ENGINE = "engine"


def await_run(run: LocalRun, ports: Ports) -> Left:
    """Wait until a run's processes are gone, `ports.wait` seconds at most; return what is left.

    An engine without its run is let work. Only when the time is nearly over, and it has not had
    its one SIGINT yet, it gets it: else the CI would kill it in the middle.
    """
    begun, told = ports.clock(), False
    while (left := look(run, ports)) is not Left.NOTHING:
        spent = ports.clock() - begun
        if spent >= ports.wait or ports.interruption.requested:
            return left
        if not told:
            ports.say(_words(left, ports.wait))
            told = True
        last_part = min(ports.wait * _LAST_PART, _LONGEST_LAST)
        if left is Left.ENGINE and spent >= ports.wait - last_part:
            _stop_once(run, ports)
        ports.interruption.wait(_LOOK_SECONDS)
        run = ports.local_runs.read(run.action) or run
    return left


def look(run: LocalRun, ports: Ports) -> Left:
    """Return what is left of a run at this moment; after a restart of the machine, nothing."""
    if run.boot != ports.identity.boot:
        return Left.NOTHING
    if process.is_same(run.pid, run.mark):
        return Left.RUN
    return Left.ENGINE if _engines(run) else Left.NOTHING


def _engines(run: LocalRun) -> list[int]:
    found = process.find_leaders(Path(run.workspace)) if run.workspace else []
    if run.engine not in found and process.is_same(run.engine, run.engine_mark):
        found.append(run.engine)
    return found


def _stop_once(run: LocalRun, ports: Ports) -> None:
    if run.signal or run.stopped:
        return
    ports.local_runs.write(dataclasses.replace(run, stopped=True))
    for pid in _engines(run):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)


def _words(left: Left, seconds: float) -> str:
    what = "The run" if left is Left.RUN else "The engine of a run that is gone"
    return f"{what} is still at work: waiting for it, {seconds:g} seconds at most."

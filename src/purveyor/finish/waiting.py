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
from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.attempt import LocalRun, ThisRun

_LOOK_SECONDS = 0.2
_LAST_PART, _LONGEST_LAST = 0.25, 60.0


class Left(Enum):
    NOTHING = "nothing"
    RUN = "run"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Processes:
    """This machine's processes, as far as a run left any."""

    is_same: Callable[[int, str], bool] = process.is_same  # whether a pid is still its mark's
    find_leaders: Callable[[Path], list[int]] = process.find_leaders  # who works in a workspace
    kill: Callable[[int, int], None] = os.kill

    def find_engines(self, run: LocalRun) -> list[int]:
        found = self.find_leaders(Path(run.workspace)) if run.workspace else []
        if run.engine not in found and self.is_same(run.engine, run.engine_mark):
            found.append(run.engine)
        return found

    def find_left(self, run: LocalRun, boot: str) -> Left:
        """Return what is left of a run at this moment; after a restart of the machine, nothing."""
        if run.boot != boot:
            return Left.NOTHING
        if self.is_same(run.pid, run.mark):
            return Left.RUN
        return Left.ENGINE if self.find_engines(run) else Left.NOTHING


def await_run(
    run: LocalRun, here: ThisRun, *, processes: Processes, wait: float, say: Callable[[str], None]
) -> Left:
    """Wait until a run's processes are gone, `wait` seconds at most; return what is left.

    An engine without its run is let work. Only when the time is nearly over, and it has not had
    its one SIGINT yet, it gets it: else the CI would kill it in the middle.
    """
    clock, boot = here.clock, here.identity.boot
    begun, told, asked_to_stop = clock.clock(), False, False
    while (left := processes.find_left(run, boot)) is not Left.NOTHING:
        spent = clock.clock() - begun
        if spent >= wait or asked_to_stop:
            return left
        if not told:
            say(_words(left, wait))
            told = True
        last_part = min(wait * _LAST_PART, _LONGEST_LAST)
        if left is Left.ENGINE and spent >= wait - last_part and not (run.signal or run.stopped):
            here.local_runs.write(dataclasses.replace(run, stopped=True))
            for pid in processes.find_engines(run):
                with contextlib.suppress(ProcessLookupError):
                    processes.kill(pid, signal.SIGINT)
        asked_to_stop = bool(clock.pause(_LOOK_SECONDS))
        run = here.local_runs.read(run.action) or run
    return left


def _words(left: Left, seconds: float) -> str:
    what = "The run" if left is Left.RUN else "The engine of a run that is gone"
    return f"{what} is still at work: waiting for it, {seconds:g} seconds at most."

"""How each CI ends a job: which signal, to whom, after how long."""

from __future__ import annotations

import dataclasses
import enum
import signal
from dataclasses import dataclass


class Victim(enum.Enum):
    """Who gets a signal."""

    ENTRY = "the run's own process"
    GROUP = "the process group of the run"
    EVERY = "every process of the job, highest id first"
    ENGINE = "the engine, not the run"


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """One signal, `after` seconds from the first one. Without a signal the run's output breaks."""

    after: float
    number: signal.Signals | None
    victim: Victim = Victim.ENTRY


@dataclass(frozen=True, slots=True)
class Schedule:
    """A CI's signals, one after the other. `machine` is false when nothing of it is left."""

    name: str
    signals: tuple[SignalPlan, ...]
    machine: bool = True

    def faster(self, times: float) -> Schedule:
        """Return the same schedule with shorter pauses."""
        signals = [dataclasses.replace(each, after=each.after / times) for each in self.signals]
        return dataclasses.replace(self, signals=tuple(signals))


# The runner's code: SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL, all to the entry's one process.
GITHUB = Schedule(
    "GitHub",
    (
        SignalPlan(0.0, signal.SIGINT),
        SignalPlan(7.5, signal.SIGTERM),
        SignalPlan(10.0, signal.SIGKILL),
    ),
)
# Measured with the vendor's task library: SIGTERM at once; its own end at 7.5 s breaks the output.
AZURE = Schedule(
    "Azure",
    (
        SignalPlan(0.0, signal.SIGTERM),
        SignalPlan(7.5, None),
        SignalPlan(10.0, signal.SIGKILL),
    ),
)
# The shell executor signals the group, and again with SIGKILL after ten minutes.
GITLAB_SHELL = Schedule("GitLab shell", (SignalPlan(0.0, signal.SIGTERM, Victim.GROUP),))
# The docker executor reaches every process, highest id first; then the container is stopped.
GITLAB_DOCKER = Schedule(
    "GitLab docker",
    (
        SignalPlan(0.0, signal.SIGTERM, Victim.EVERY),
        SignalPlan(10.0, signal.SIGKILL, Victim.EVERY),
    ),
)
PROCESS_KILLED = Schedule("kill -9 of the run", (SignalPlan(0.0, signal.SIGKILL),))
# As a system without memory does it.
ENGINE_KILLED = Schedule("kill -9 of the engine", (SignalPlan(0.0, signal.SIGKILL, Victim.ENGINE),))
ALL_KILLED = Schedule("kill -9 of run and engine", (SignalPlan(0.0, signal.SIGKILL, Victim.EVERY),))
MACHINE_LOST = Schedule(
    "machine lost", (SignalPlan(0.0, signal.SIGKILL, Victim.EVERY),), machine=False
)

"""How each CI ends a job: which signal, to whom, after how long."""

from __future__ import annotations

import dataclasses
import enum
import signal
from dataclasses import dataclass


class Whom(enum.Enum):
    """Who gets a signal."""

    ENTRY = "the run's own process"
    GROUP = "the process group of the run"
    EVERY = "every process of the job, highest id first"
    ENGINE = "the engine, not the run"


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow, `after` seconds from the first one. Without a signal the run's output breaks."""

    after: float
    number: signal.Signals | None
    whom: Whom = Whom.ENTRY


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a CI does to a run, blow after blow. `machine` is false when nothing of it is left."""

    name: str
    strikes: tuple[Strike, ...]
    machine: bool = True

    def faster(self, times: float) -> Schedule:
        """Return the same schedule with shorter pauses."""
        strikes = [dataclasses.replace(each, after=each.after / times) for each in self.strikes]
        return dataclasses.replace(self, strikes=tuple(strikes))


# The runner's code: SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL, all to the entry's one process.
GITHUB = Schedule(
    "GitHub",
    (
        Strike(0.0, signal.SIGINT),
        Strike(7.5, signal.SIGTERM),
        Strike(10.0, signal.SIGKILL),
    ),
)
# Measured with the vendor's task library: SIGTERM at once; its own end at 7.5 s breaks the output.
AZURE = Schedule(
    "Azure",
    (
        Strike(0.0, signal.SIGTERM),
        Strike(7.5, None),
        Strike(10.0, signal.SIGKILL),
    ),
)
# The shell executor signals the group, and again with SIGKILL after ten minutes.
GITLAB_SHELL = Schedule("GitLab shell", (Strike(0.0, signal.SIGTERM, Whom.GROUP),))
# The docker executor reaches every process, highest id first; then the container is stopped.
GITLAB_DOCKER = Schedule(
    "GitLab docker",
    (
        Strike(0.0, signal.SIGTERM, Whom.EVERY),
        Strike(10.0, signal.SIGKILL, Whom.EVERY),
    ),
)
PROCESS_KILLED = Schedule("kill -9 of the run", (Strike(0.0, signal.SIGKILL),))
# As a system without memory does it.
ENGINE_KILLED = Schedule("kill -9 of the engine", (Strike(0.0, signal.SIGKILL, Whom.ENGINE),))
ALL_KILLED = Schedule("kill -9 of run and engine", (Strike(0.0, signal.SIGKILL, Whom.EVERY),))
MACHINE_LOST = Schedule("machine lost", (Strike(0.0, signal.SIGKILL, Whom.EVERY),), machine=False)

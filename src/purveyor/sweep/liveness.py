"""What an open action is: at work, dead, ended but unreported, closed, or unknown."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.dispatch import RunState
from purveyor.errors import ReasonCode

if TYPE_CHECKING:
    from purveyor.journal import AttemptRecord
    from purveyor.sweep.model import Sweeper


class Liveness(Enum):
    AT_WORK = "at work"
    DEAD = "its run is over"
    UNREPORTED = "ended, but the platform has not heard it"
    CLOSED = "closed before"
    PARKED = "waits for an approval"
    UNKNOWN = "silent; whether its run lives is not known"


_LIVENESS = {True: Liveness.AT_WORK, False: Liveness.DEAD, None: Liveness.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Judged:
    """An attempt, what it is, what its CI says, and for how long it has been silent (seconds)."""

    attempted: AttemptRecord
    liveness: Liveness
    run: RunState
    quiet: float

    @property
    def over(self) -> bool:
        """Whether it is certainly over, so that a lock of its own is one that it left behind."""
        if _was_lost(self.attempted):
            return True
        ended = self.liveness is Liveness.CLOSED and self.attempted.end is not None
        return self.liveness is Liveness.DEAD or (ended and self.run.alive is False)

    @property
    def run_url(self) -> str:
        return self.run.url or self.attempted.begin.identity.url


def judge(attempted: AttemptRecord, sweeper: Sweeper) -> Judged:
    """Judge the last attempt of an open action.

    Dead is only what has been silent for five minutes and whose CI says that it has ended. What
    is heard and open all the same may have left a lock: its run is asked about, too.
    """
    identity = attempted.begin.identity
    quiet = sweeper.journal.silence(attempted)
    if attempted.parked is not None:
        return Judged(attempted, Liveness.PARKED, RunState(None, "", identity.url), quiet)
    if attempted.reported and (attempted.end is None or _was_lost(attempted)):
        return Judged(attempted, Liveness.CLOSED, RunState(None, "", identity.url), quiet)
    # A process is looked at in no time, as a claim does; a CI is asked only after a silence.
    gone = identity.ci == "terminal" and sweeper.look_up(identity).alive is False
    if quiet < sweeper.journal.dead_after and not gone:
        fresh = RunState(True, "not silent for long", identity.url)
        return Judged(attempted, Liveness.AT_WORK, fresh, quiet)
    if attempted.end is not None and not attempted.reported:
        # Telling it once more harms nobody, whether the run lives or not.
        return Judged(attempted, Liveness.UNREPORTED, RunState(None, "", identity.url), quiet)
    run = sweeper.look_up(identity)
    liveness = _LIVENESS[run.alive]
    if attempted.reported and liveness is not Liveness.AT_WORK:
        liveness = Liveness.CLOSED
    return Judged(attempted, liveness, run, quiet)


def _was_lost(attempted: AttemptRecord) -> bool:
    end = attempted.end
    return end is not None and end.reason == ReasonCode.RUNNER_LOST.value

"""Closing actions whose runner died, and freeing locks whose holder is dead."""

from purveyor.sweep.actions import report_end
from purveyor.sweep.model import Search, Sweeper, Swept, SweptAction, SweptLock, SweptPlaces
from purveyor.sweep.one_lock import LockVerdict, judge_lock
from purveyor.sweep.sweeping import sweep

__all__ = [
    "LockVerdict",
    "Search",
    "Sweeper",
    "Swept",
    "SweptAction",
    "SweptLock",
    "SweptPlaces",
    "judge_lock",
    "report_end",
    "sweep",
]

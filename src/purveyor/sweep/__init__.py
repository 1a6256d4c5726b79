"""Closing actions whose runner died, and freeing locks whose holder is dead."""

from purveyor.sweep.model import Ports, Search, Swept, SweptAction, SweptLock, SweptPlaces
from purveyor.sweep.one_lock import LockVerdict, judge_lock
from purveyor.sweep.sweeping import sweep

__all__ = [
    "LockVerdict",
    "Ports",
    "Search",
    "Swept",
    "SweptAction",
    "SweptLock",
    "SweptPlaces",
    "judge_lock",
    "sweep",
]

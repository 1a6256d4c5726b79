"""Closing actions whose runner died, and freeing locks whose holder is dead."""

from purveyor.sweep.model import Ports, Swept, SweptAction, SweptLock
from purveyor.sweep.one_lock import LockVerdict, judge_lock
from purveyor.sweep.sweeping import sweep

__all__ = ["LockVerdict", "Ports", "Swept", "SweptAction", "SweptLock", "judge_lock", "sweep"]

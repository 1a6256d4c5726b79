"""Closing actions whose runner died, and freeing locks whose holder is dead."""

from purveyor.sweep.model import Ports, Swept, SweptAction, SweptLock
from purveyor.sweep.sweeping import sweep

__all__ = ["Ports", "Swept", "SweptAction", "SweptLock", "sweep"]

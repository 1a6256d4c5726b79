"""Asking the CIs whether a run still lives."""

from purveyor.dispatch.asking import look_up
from purveyor.dispatch.model import RunState
from purveyor.dispatch.terminal import engine_runs_here

__all__ = ["RunState", "engine_runs_here", "look_up"]

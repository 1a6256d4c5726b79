"""Runs of the CIs: started with a CONTEXT, followed, asked whether they live, cancelled."""

from purveyor.dispatch.asking import cancel, look_up
from purveyor.dispatch.errors import DispatchError
from purveyor.dispatch.model import PipelineTarget, RunState
from purveyor.dispatch.starting import Dispatcher, open_dispatcher
from purveyor.dispatch.terminal import engine_runs_here

__all__ = [
    "DispatchError",
    "Dispatcher",
    "PipelineTarget",
    "RunState",
    "cancel",
    "engine_runs_here",
    "look_up",
    "open_dispatcher",
]

"""The fault kit: run a catalog's actions against the emulator, break things, see what is left.

For catalog authors and for Purveyor's own tests. Needs Linux: processes are found by /proc. The
emulator has to be installed (`pip install 'purveyor[emulator]'`).
"""

from __future__ import annotations

from purveyor_faultkit.disk import limit_files, limit_memory, small_disk
from purveyor_faultkit.harness import Harness
from purveyor_faultkit.observation import Observation, find_broken
from purveyor_faultkit.places import FolderPlace, StatePlace
from purveyor_faultkit.proxy import Proxy, run_proxy
from purveyor_faultkit.resource_log import ResourceLog
from purveyor_faultkit.schedules import (
    ALL_KILLED,
    AZURE,
    ENGINE_KILLED,
    GITHUB,
    GITLAB_DOCKER,
    GITLAB_SHELL,
    MACHINE_LOST,
    PROCESS_KILLED,
    Schedule,
    SignalPlan,
    Victim,
)
from purveyor_faultkit.started import EndedCommand, StartedCommand
from purveyor_faultkit.state_server import StateServer, run_states

__all__ = [
    "ALL_KILLED",
    "AZURE",
    "ENGINE_KILLED",
    "GITHUB",
    "GITLAB_DOCKER",
    "GITLAB_SHELL",
    "MACHINE_LOST",
    "PROCESS_KILLED",
    "EndedCommand",
    "FolderPlace",
    "Harness",
    "Observation",
    "Proxy",
    "ResourceLog",
    "Schedule",
    "SignalPlan",
    "StartedCommand",
    "StatePlace",
    "StateServer",
    "Victim",
    "find_broken",
    "limit_files",
    "limit_memory",
    "run_proxy",
    "run_states",
    "small_disk",
]

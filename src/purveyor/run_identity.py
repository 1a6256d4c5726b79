"""Which run this is: enough to ask a CI, or this machine, whether it still lives."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

from purveyor.dataclass import dataclass

SWEEP = "sweep"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run this is: enough to ask a CI, or this machine, whether it still lives.

    `ci` is `github`, `gitlab`, `azure` or `terminal`; `sweep` for one that took an action which no
    run began, only to end it. `run` is the CI's own id of the run, and
    `attempt` counts how often that very run was started, from 1. `boot` is the machine's boot id,
    empty where there is none; `pid` means something only on `host` during `boot`.
    """

    ci: str
    run: str = ""
    attempt: int = 1
    url: str = ""
    project: str = ""
    host: str = ""
    boot: str = ""
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """Where we run: host name, boot id (empty where there is none), process id."""

    host: str
    boot: str
    pid: int


def name_person() -> str:
    """Return who uses this machine, as `ada@laptop`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def read_machine() -> Machine:
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:  # not Linux: then nobody judges by the pid
        boot = ""
    return Machine(socket.gethostname(), boot, os.getpid())

"""Judges a run of this machine by its process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.dispatch.model import RunState
from purveyor.run_identity import read_machine

if TYPE_CHECKING:
    from collections.abc import Collection

    from purveyor.run_identity import RunIdentity

_PROCESSES = Path("/proc")


def judge(identity: RunIdentity) -> RunState:
    """Return whether the process is gone; of another machine, or another boot, nothing is known."""
    here = read_machine()
    if not here.boot or (identity.host, identity.boot) != (here.host, here.boot):
        return RunState(None, f"it ran on {identity.host or 'another machine'}", identity.url)
    if process.is_gone(identity.pid):
        return RunState(False, "its process is gone", identity.url)
    return RunState(True, f"process {identity.pid} runs", identity.url)


def engine_runs_here(engines: Collection[str]) -> bool:
    """Tell whether one of these programs runs on this machine; True where that cannot be seen.

    An engine outlives a killed Purveyor, so that a process that is gone does not prove its lock
    dead.
    """
    try:
        names = [each / "comm" for each in _PROCESSES.iterdir() if each.name.isdecimal()]
    except OSError:
        return True
    return not names or any(_name(each) in engines for each in names)


def _name(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:  # it ended meanwhile
        return ""

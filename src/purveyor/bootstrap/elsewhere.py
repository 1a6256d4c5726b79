"""Stores that need little or nothing: a folder of this machine, and servers that others run."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from purveyor.bootstrap.model import Measure, settled
from purveyor.errors import RecoveryError

if TYPE_CHECKING:
    from pathlib import Path

_PRIVATE = 0o700
_OTHERS = 0o007
_NOTHING_TO_MAKE = {
    "http": "the server makes a state when it is first saved; see that it keeps its own backups",
    "gitlab": "GitLab makes a state when it is first saved, encrypts it and keeps its versions",
    "consul": "Consul makes a key when it is first written; keep its snapshots, it has no versions",
}


class FolderSetup:
    """A folder of this machine: new ones are for their owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def survey(self) -> list[Measure]:
        """Look at the folder; one that a group shares stays shared, but not with everybody."""
        wanted = f"{self._path}, private"
        if not self._path.exists():
            return [Measure("folder", "missing", wanted, "make it", self._create)]
        if not self._path.is_dir():
            raise RecoveryError(
                f"{self._path} is no folder.",
                hint="Name another one in `backend.path`, or move that file away.",
            )
        mode = stat.S_IMODE(self._path.stat().st_mode)
        if not mode & _OTHERS:
            return [settled("folder", f"mode {mode:o}", wanted)]
        close = "shut others out"
        return [Measure("folder", f"mode {mode:o}", wanted, close, self._close)]

    def _create(self) -> None:
        self._path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)

    def _close(self) -> None:
        mode = stat.S_IMODE(self._path.stat().st_mode)
        self._path.chmod(mode & ~_OTHERS)


class ServerSetup:
    """A server that makes what it needs by itself."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def survey(self) -> list[Measure]:
        note = _NOTHING_TO_MAKE.get(self._kind, "nothing is known about setting it up")
        return [settled(self._kind, "", "nothing to make", note=note)]

"""What a run leaves on its own machine, so that a later process can find it or what it left."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.journal.records import End, read_end

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class LocalRun:
    """One run on this machine.

    `mark` and `engine_mark` tell a process from a later one with the same id; they mean something
    during `boot` only. `attempt` is 0 where no journal counts. `signal` is the first one that
    came. `stopped` is true once the engine had its one SIGINT. `end` is kept while the platform
    has not heard it. `at` is in seconds since 1970.
    """

    action: str
    pid: int
    at: float
    mark: str = ""
    boot: str = ""
    engine: int = 0
    engine_mark: str = ""
    workspace: str = ""
    attempt: int = 0
    entity: str = ""
    state_key: str = ""
    signal: str = ""
    stopped: bool = False
    end: End | None = None


class LocalRuns:
    """The files, below `folder`: the directory is 0700, each file 0600 and whole at any moment.

    A disk that is full or read-only keeps no run from its work: then nothing is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, run: LocalRun) -> None:
        """Write it, over what is there."""
        if not _SAFE.fullmatch(run.action):
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._folder, prefix=".")
            with os.fdopen(descriptor, "w") as file:
                file.write(json_text.write(dataclasses.asdict(run)))
            Path(name).replace(self._path(run.action))

    def read(self, action: str) -> LocalRun | None:
        """Return an action's file; None when there is none, or none that can be read."""
        if not _SAFE.fullmatch(action):
            return None
        try:
            value = json_text.parse(self._path(action).read_text())
        except (OSError, ValueError):
            return None
        return _build(value) if isinstance(value, dict) else None

    def remove(self, action: str) -> None:
        """Remove it; nothing happens when there is none."""
        if _SAFE.fullmatch(action):
            with contextlib.suppress(OSError):
                self._path(action).unlink(missing_ok=True)

    def _path(self, action: str) -> Path:
        return self._folder / f"{action}.json"


def _build(value: JsonObject) -> LocalRun | None:
    known = {each.name for each in dataclasses.fields(LocalRun)}
    kept: dict[str, object] = {name: each for name, each in value.items() if name in known}
    end = value.get("end")
    try:
        kept["end"] = read_end(json_text.write(end)) if isinstance(end, dict) else None
        kept["at"] = float(str(value.get("at")))
        build: type[LocalRun] = LocalRun
        return build(**kept)  # type: ignore[arg-type] # written by us; a wrong type fails below
    except (TypeError, ValueError):
        return None

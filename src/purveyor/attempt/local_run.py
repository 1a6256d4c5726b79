"""What a run leaves on its own machine, so that a later process can find it or what it left."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.entity import ID
from purveyor.errors import PurveyorError
from purveyor.journal.records import End, read_end

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor.record_store import RecordStore


@dataclass(frozen=True, slots=True)
class LocalRun:
    """One run on this machine. The marks tell a process from a later one with the same id."""

    action: str
    pid: int
    at: float  # seconds since 1970
    mark: str = ""
    boot: str = ""  # the machine's boot id: only during it do pids mean something
    engine: int = 0  # the pid of the program that ran last
    engine_mark: str = ""
    workspace: str = ""
    attempt: int = 0  # 0 where no journal counts
    entity: str = ""  # as in a state's stamp
    state_key: str = ""
    signal: str = ""  # the first one that came
    stopped: bool = False  # the engine had its one SIGINT
    end: End | None = None  # kept while the platform has not heard it


class LocalRuns:
    """One text for each action. A disk that is full or read-only keeps no run from its work."""

    def __init__(self, disk: RecordStore) -> None:
        self._disk = disk

    def write(self, run: LocalRun) -> None:
        path = _path(run.action)
        if path is not None:
            with contextlib.suppress(PurveyorError):
                self._disk.put(path, json_text.write(_shallow(run)))

    def read(self, action: str) -> LocalRun | None:
        """Return an action's; None when there is none, or none that can be read."""
        path = _path(action)
        try:
            text = self._disk.read(path) if path is not None else None
            value = json_text.parse(text) if text is not None else None
        except (PurveyorError, ValueError):
            return None
        return _build(value) if isinstance(value, dict) else None

    def remove(self, action: str) -> None:
        path = _path(action)
        if path is not None:
            with contextlib.suppress(PurveyorError):
                self._disk.remove(path)


def _path(action: str) -> str | None:
    return f"{action}.json" if re.fullmatch(ID, action) else None


def _shallow(record: LocalRun | End) -> dict[str, object]:
    # Not dataclasses.asdict: it copies every value, which takes several times as long.
    values = {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}
    end = values.get("end")
    return {**values, "end": _shallow(end)} if isinstance(end, End) else values


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

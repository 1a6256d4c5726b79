"""Reading the journal: every action, and each of its attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.journal.claiming import ACTIONS
from purveyor.journal.records import Beat, Begin, End, read_beat, read_begin, read_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.journal.store import DatedStore

_PARTS = 5  # journal/actions/<action id>/<attempt>/<name>


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt as the journal knows it. `reported` tells whether the platform knows its end."""

    begin: Begin
    beat: Beat | None
    end: End | None
    reported: bool

    @property
    def last_sign(self) -> float:
        """When it last showed that it lives, in seconds since 1970."""
        known = [each.at for each in (self.begin, self.beat, self.end) if each is not None]
        return max(known)


class History:
    """What lies in one store."""

    def __init__(self, store: DatedStore) -> None:
        self._store = store

    def actions(self) -> dict[str, float]:
        """Return when each action last began, in seconds since 1970, the newest one first.

        A listing of all that was ever kept; no record is read.
        """
        began: dict[str, float] = {}
        for path, written in self._store.dated(ACTIONS):
            parts = path.split("/")
            if len(parts) == _PARTS and parts[4] == "begin.json":
                began[parts[2]] = max(written, began.get(parts[2], 0.0))
        return dict(sorted(began.items(), key=lambda each: each[1], reverse=True))

    def attempts(self, action: str) -> Sequence[AttemptRecord]:
        """Return an action's attempts, the first one first; none when it is not known."""
        names: dict[int, set[str]] = {}
        for path in self._store.paths(f"{ACTIONS}/{action}"):
            parts = path.split("/")
            if len(parts) == _PARTS and parts[3].isdecimal():
                names.setdefault(int(parts[3]), set()).add(parts[4])
        read = (self._read(f"{ACTIONS}/{action}/{each}", names[each]) for each in sorted(names))
        return [each for each in read if each is not None]

    def _read(self, folder: str, names: set[str]) -> AttemptRecord | None:
        begin = self._store.read(f"{folder}/begin.json")
        if begin is None:
            return None
        beat = self._store.read(f"{folder}/beat.json") if "beat.json" in names else None
        end = self._store.read(f"{folder}/end.json") if "end.json" in names else None
        return AttemptRecord(
            read_begin(begin),
            read_beat(beat) if beat else None,
            read_end(end) if end else None,
            "heard.json" in names,
        )

"""Which attempts are changing an entity; a marker that outlives its attempt is a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.entity import ENTITIES
from purveyor.journal import layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from purveyor.entity import EntityRef
    from purveyor.journal.records import Begin
    from purveyor.json_text import JsonObject
    from purveyor.record_store import RecordStore


@dataclass(frozen=True, slots=True)
class ChangeMarker:
    entity: EntityRef
    action: str
    attempt: int
    run: str = ""  # where a person can look
    at: float = 0.0  # seconds since 1970
    step: str = ""  # which step changes things; empty for the only one
    repeatable: bool = False  # what is done may be done again: a lost run leaves no doubt


class ChangeMarkers:
    """The markers in one store; every method raises what the store raises.

    An attempt sets its marker right before its engine starts to change things, and takes it away
    once the state is known to hold all that was done. Each has one writer only.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    def put(self, begin: Begin, *, at: float, step: str = "", repeatable: bool = False) -> None:
        """Set an attempt's marker. One request."""
        run = begin.identity.url or begin.identity.host
        more = {"step": step, "repeatable": repeatable}
        marker = {"run": run, "at": at, **{name: each for name, each in more.items() if each}}
        self._store.put(_path(begin), json_text.write(marker))

    def remove(self, begin: Begin) -> None:
        """Take an attempt's marker away. One request; nothing happens when there is none."""
        self._store.remove(_path(begin))

    def is_set(self, begin: Begin) -> bool:
        """Tell whether an attempt's marker stands, so that a lost one is a doubt. One request."""
        marker = self._read(_path(begin))
        return marker is not None and not marker.repeatable

    def find(self, entity: EntityRef) -> tuple[ChangeMarker, ...]:
        """Return the markers on an entity. One listing, and a request for each marker."""
        return self._find(entity, but="")

    def find_others(self, begin: Begin) -> tuple[ChangeMarker, ...]:
        return self._find(begin.ref, but=_path(begin))

    def _find(self, entity: EntityRef, *, but: str) -> tuple[ChangeMarker, ...]:
        paths = sorted(self._store.paths(layout.marker_folder(entity)))
        found = (self._read(path) for path in paths if path != but)
        return tuple(each for each in found if each is not None)

    def settle(self, markers: Iterable[ChangeMarker], note: JsonObject) -> None:
        """Take markers away because somebody has looked, and keep why. `note` has `at`."""
        for each in markers:
            kept = {**note, "action": each.action, "attempt": each.attempt, "run": each.run}
            what = f"{each.action}-{each.attempt}"
            path = layout.settlement_path(each.entity, note, what)
            self._store.create(path, json_text.write(kept))
            self._store.remove(layout.marker_path(each.entity, each.action, each.attempt))

    def was_settled(self, begin: Begin) -> bool:
        """Tell whether somebody has settled what an attempt left. One listing."""
        kept = self._store.paths(layout.entity_path(begin.ref, layout.SETTLEMENTS))
        return any(path.endswith(f"-{begin.action}-{begin.attempt}.json") for path in kept)

    def doubted(self) -> Iterator[tuple[EntityRef, str]]:
        """Yield entity and action of every marker. One listing."""
        for path in self._store.paths(ENTITIES):
            found = layout.split_marker(path)
            if found is not None:
                yield found[0], found[1]

    def _read(self, path: str) -> ChangeMarker | None:
        found, text = layout.split_marker(path), self._store.read(path)
        if text is None or found is None:
            return None
        try:
            value = json_text.parse(text)
            kept = value if isinstance(value, dict) else {}
            run, at = str(kept.get("run", "")), float(str(kept.get("at", 0)))
        except ValueError:  # a damaged marker is a marker
            kept, run, at = {}, "", 0.0
        step, repeatable = str(kept.get("step", "")), kept.get("repeatable") is True
        return ChangeMarker(*found, run, at, step, repeatable)


def _path(begin: Begin) -> str:
    return layout.marker_path(begin.ref, begin.action, begin.attempt)

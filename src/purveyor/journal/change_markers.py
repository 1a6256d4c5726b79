"""Which attempts are changing an entity; a marker that outlives its attempt is a doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from purveyor.journal.records import Begin
    from purveyor.journal.store import Store
    from purveyor.json_text import JsonObject

_FOLDER = "journal/entities"
CHANGING = "changing"
SETTLEMENTS = "settlements"


@dataclass(frozen=True, slots=True)
class ChangeMarker:
    """One attempt's marker. `run` is where a person can look, `at` in seconds since 1970."""

    kind: str
    entity: str
    action: str
    attempt: int
    run: str = ""
    at: float = 0.0


class ChangeMarkers:
    """The markers in one store; every method raises what the store raises.

    An attempt sets its marker right before its engine starts to change things, and takes it away
    once the state is known to hold all that was done. `changing/<action>/<attempt>` beside the
    entity's capsule has one writer only.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, begin: Begin, *, at: float) -> None:
        """Set an attempt's marker. One request."""
        run = begin.identity.url or begin.identity.host
        self._store.put(_path(begin), json_text.write({"run": run, "at": at}))

    def remove(self, begin: Begin) -> None:
        """Take an attempt's marker away. One request; nothing happens when there is none."""
        self._store.remove(_path(begin))

    def is_set(self, begin: Begin) -> bool:
        """Tell whether an attempt's marker stands. One request."""
        return self._store.read(_path(begin)) is not None

    def find(self, kind: str, entity: str) -> tuple[ChangeMarker, ...]:
        """Return the markers on an entity. One listing, and a request for each marker."""
        folder = f"{_FOLDER}/{kind}/{entity}/{CHANGING}"
        found = (self._read(kind, entity, path) for path in sorted(self._store.paths(folder)))
        return tuple(each for each in found if each is not None)

    def settle(self, markers: Iterable[ChangeMarker], note: JsonObject) -> None:
        """Take markers away because somebody has looked, and keep why. `note` has `at`."""
        for marker in markers:
            moment = str(note.get("at", "")).replace(":", "")
            place = f"{_FOLDER}/{marker.kind}/{marker.entity}/{SETTLEMENTS}"
            kept = {**note, "action": marker.action, "attempt": marker.attempt, "run": marker.run}
            name = f"{moment}-{marker.action}-{marker.attempt}"
            self._store.create(f"{place}/{name}.json", json_text.write(kept))
            self._store.remove(_path_of(marker.kind, marker.entity, marker.action, marker.attempt))

    def was_settled(self, begin: Begin) -> bool:
        """Tell whether somebody has settled what an attempt left. One listing."""
        name = f"-{begin.action}-{begin.attempt}.json"
        kept = self._store.paths(f"{_FOLDER}/{begin.kind}/{begin.entity}/settlements")
        return any(path.endswith(name) for path in kept)

    def doubted(self) -> Iterator[tuple[str, str, str]]:
        """Yield kind, id and action of every marker on any entity. One listing."""
        for path in self._store.paths(_FOLDER):
            before, marked, after = path.removeprefix(f"{_FOLDER}/").partition(f"/{CHANGING}/")
            if marked:
                kind, _, entity = before.partition("/")
                yield kind, entity, after.partition("/")[0]

    def _read(self, kind: str, entity: str, path: str) -> ChangeMarker | None:
        action, _, attempt = path.partition(f"/{CHANGING}/")[2].rpartition("/")
        text = self._store.read(path)
        if text is None or not attempt.isdecimal():
            return None
        try:
            value = json_text.parse(text)
            found = value if isinstance(value, dict) else {}
            run, at = str(found.get("run", "")), float(str(found.get("at", 0)))
        except ValueError:  # a damaged marker is a marker
            run, at = "", 0.0
        return ChangeMarker(kind, entity, action, int(attempt), run, at)


def _path(begin: Begin) -> str:
    return _path_of(begin.kind, begin.entity, begin.action, begin.attempt)


def _path_of(kind: str, entity: str, action: str, attempt: int) -> str:
    return f"{_FOLDER}/{kind}/{entity}/{CHANGING}/{action}/{attempt}"

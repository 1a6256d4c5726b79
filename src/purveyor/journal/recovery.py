"""States of one entity that could not be saved, kept until a later run has saved them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.errors import PurveyorError, RecoveryError
from purveyor.journal import layout
from purveyor.state_key import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.entity import EntityRef
    from purveyor.record_store import RecordStore

_COPY = f".copy{SUFFIX}"
_ATTEMPT = re.compile(r"[A-Za-z0-9._-]{1,128}@[0-9]{1,9}")
_LOCK_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class ParkedStates:
    """The states, in the journal's store where there is one, and on this machine's disk.

    What the store has taken lies on the disk as a copy only, which no run reads again. A name is
    `<time>[.<lock id>][@<action>@<attempt>].tfstate`: the lock that the lost run left, and the
    attempt whose marker (see `ChangeMarkers`) goes when the state is saved. `place` says where the
    disk's part is; `clock` tells seconds since 1970; `attempt` is whose states are parked.
    """

    def __init__(
        self,
        entity: EntityRef,
        *,
        store: RecordStore | None,
        disk: RecordStore,
        place: str,
        clock: Callable[[], float],
        attempt: str = "",
        step: str = "",
    ) -> None:
        self._entity = entity
        self._store = store
        self._disk = disk
        self._place = place
        self._clock = clock
        self._attempt = attempt
        # A further step's states lie in a folder of their own.
        self._folder = f"{step}/" if step else ""

    def park(self, text: str, *, lock_id: str = "") -> tuple[str, ...]:
        """Keep a state; return where, for people. Raise RecoveryError when no place takes it."""
        moment = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y%m%dT%H%M%S%fZ")
        lock = f".{lock_id}" if _LOCK_ID.fullmatch(lock_id) else ""
        owner = f"@{self._attempt}" if _ATTEMPT.fullmatch(self._attempt) else ""
        name = layout.recovery_path(self._entity, f"{self._folder}{moment}{lock}{owner}{SUFFIX}")
        places, refusals = [], []
        if self._store is not None:
            try:
                self._store.put(name, text)
                places.append(f"{name}, in the journal")
            except PurveyorError as error:
                refusals.append(error)
        local = name.removesuffix(SUFFIX) + _COPY if places else name
        try:
            self._disk.put(local, text)
            places.append(f"{self._place}/{local} on the runner")
        except PurveyorError as error:
            refusals.append(error)
        if not places:
            raise RecoveryError(
                "The state can be kept nowhere.",
                details=[each.message for each in refusals],
                hint=refusals[0].hint,
            )
        return tuple(places)

    def waiting(self) -> tuple[str, ...]:
        folder = layout.recovery_path(self._entity, self._folder)
        found = {path for store in self._stores() for path in store.paths(folder.rstrip("/"))}
        names = (n for n in found if n.endswith(SUFFIX) and not n.endswith(_COPY))
        return tuple(sorted(n for n in names if "/" not in n.removeprefix(folder)))

    def waiting_of_all(self) -> tuple[tuple[str, str], ...]:
        """Return the same of every step, each with its step's name; empty for the first."""
        folder = layout.recovery_path(self._entity, "")
        found = {path for store in self._stores() for path in store.paths(folder.rstrip("/"))}
        names = (n for n in found if n.endswith(SUFFIX) and not n.endswith(_COPY))
        return tuple((n, n.removeprefix(folder).rpartition("/")[0]) for n in sorted(names))

    def read(self, name: str) -> str | None:
        texts = (store.read(name) for store in self._stores())
        return next((text for text in texts if text is not None), None)

    def lock_of(self, name: str) -> str:
        """Return the id of the lock that the lost run left; empty when none is known."""
        stem = name.rpartition("/")[2].removesuffix(SUFFIX).partition("@")[0]
        return stem.partition(".")[2]

    def remove(self, name: str) -> None:
        """Forget a state that is saved, its copy, and its attempt's marker."""
        action, _, attempt = name.removesuffix(SUFFIX).partition("@")[2].partition("@")
        if self._store is not None and attempt:
            self._store.remove(layout.marker_path(self._entity, action, attempt))
        for store in self._stores():
            store.remove(name)
        self._disk.remove(name.removesuffix(SUFFIX) + _COPY)

    def _stores(self) -> tuple[RecordStore, ...]:
        return (self._disk,) if self._store is None else (self._store, self._disk)

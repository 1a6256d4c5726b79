"""Locks on states in Cloud Storage: an object beside the state, known by its generation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.locks import StateLocks
from purveyor.backends.model import another_lock
from purveyor.state_key import SUFFIX

if TYPE_CHECKING:
    from purveyor.backends.stores.gcs import GoogleStore
    from purveyor.lock import Lock

# The engine's gcs backend knows a folder for each state, and these names in it for the workspace
# `default`: a state `services/5a1f/orders-db.tfstate` lies in `services/5a1f/orders-db/`.
STATE = "/default.tfstate"
LOCK = "/default.tflock"


class GoogleLocks(StateLocks):
    """Lock objects in one bucket."""

    ending = LOCK

    def __init__(self, store: GoogleStore) -> None:
        self._store = store

    def holder(self, path: str) -> Lock | None:
        """Read the lock object: one request.

        The engines know the lock by the object's generation, whatever id its text holds.
        """
        found = self._store.content(_name(path, LOCK))
        return None if found is None else replace(parse_lock(found[0]), id=found[1])

    def unlock(self, path: str, lock_id: str) -> bool:
        """Delete the lock if it still is of the generation `lock_id`, as the engine would."""
        holder = self.holder(path)
        if holder is None:
            return False
        same = holder.id == lock_id
        if not same or not self._store.remove_generation(_name(path, LOCK), lock_id):
            raise another_lock(path, lock_id, holder)
        return True

    def remove_state(self, path: str) -> None:
        """Look at the lock, then delete the state; a versioned bucket keeps its versions."""
        holder = self.holder(path)
        if holder is not None:
            raise held(path, holder)
        self._store.remove(_name(path, STATE))


def _name(path: str, ending: str) -> str:
    return f"{path.removesuffix(SUFFIX)}{ending}"

"""The backend `gcs`: objects as its locks, and how the engines are told where a state is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.backends.model import MOVED, another_lock, held, parse_lock
from purveyor.backends.object_states import Naming, ObjectStates, StateLocks
from purveyor.backends.stores.gcs import GoogleStore
from purveyor.state_key import SUFFIX, combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.catalog.backend import GoogleBackendConfig
    from purveyor.json_text import JsonValue
    from purveyor.lock import Lock
    from purveyor.settings import Settings

# The engine's gcs backend knows a folder for each state, and these names in it for the workspace
# `default`: a state `services/5a1f/orders-db.tfstate` lies in `services/5a1f/orders-db/`.
STATE = "/default.tfstate"
LOCK = "/default.tflock"


class GoogleLocks(StateLocks):
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


def open_gcs(config: GoogleBackendConfig, settings: Settings) -> ObjectStates:
    store = GoogleStore(config, settings)

    def block(path: str) -> BackendBlock:
        arguments: dict[str, JsonValue] = {
            "bucket": config.bucket,
            "prefix": store.key(path.removesuffix(SUFFIX)),
        }
        if config.kms_key:
            arguments["kms_encryption_key"] = config.kms_key
        return BackendBlock("gcs", arguments)

    naming = Naming(STATE, f"{STATE}{MOVED}", SUFFIX)
    return ObjectStates(store, GoogleLocks(store), block, combine(config.keys), naming)

"""States in a Google Cloud Storage bucket: found with one request, read with one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.backends.gcs_bucket import GoogleBucket
from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.model import MOVED, ListedState, another_lock
from purveyor.state_key import SUFFIX, combine, parse_state
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends.model import StateVersion
    from purveyor.backends.object_records import ObjectRecords
    from purveyor.catalog.backend import GoogleBackendConfig
    from purveyor.json_text import JsonValue
    from purveyor.lock import Lock
    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateDocument, StateKey

# The engine's gcs backend knows a folder for each state, and these names in it for the workspace
# `default`: a state `services/5a1f/orders-db.tfstate` lies in `services/5a1f/orders-db/`.
_STATE = "/default.tfstate"
_LOCK = "/default.tflock"
_NOTE = f"{_STATE}{MOVED}"


class GoogleStates:
    """States below a bucket's prefix."""

    def __init__(self, config: GoogleBackendConfig, settings: Settings) -> None:
        self.bucket = GoogleBucket(config, settings)
        self.keys = combine(config.keys)

    @property
    def records(self) -> ObjectRecords:
        """Records beside the states."""
        from purveyor.backends.object_records import ObjectRecords

        return ObjectRecords(self.bucket)

    def locate(self, entity: Owner) -> StateKey:
        """List what begins as the entity's keys do: one request.

        A lock without a state is the trace of a first run that has not saved yet.
        """
        start = self.keys.start(entity).removesuffix(SUFFIX)
        names = [each.path for each in self.bucket.objects(start)]
        return self.keys.choose(
            entity,
            states=[_path(name, _STATE) for name in names],
            traces=[_path(name, _LOCK) for name in names],
            marks=[_path(name, _NOTE) for name in names],
        )

    def block(self, key: StateKey) -> BackendBlock:
        """Point the engine's `gcs` backend at the state's folder."""
        arguments: dict[str, JsonValue] = {
            "bucket": self.bucket.config.bucket,
            "prefix": self.bucket.key(key.path.removesuffix(SUFFIX)),
        }
        if self.bucket.config.kms_key:
            arguments["kms_encryption_key"] = self.bucket.config.kms_key
        return BackendBlock("gcs", arguments)

    def access(self, key: StateKey) -> GoogleAccess:
        """Return the reader of one state."""
        return GoogleAccess(self.bucket, key.path)

    def remove(self, key: StateKey) -> None:
        """Look at the lock, then delete the state; a versioned bucket keeps its versions."""
        holder = self.access(key).holder()
        if holder is not None:
            raise held(key.path, holder)
        self.bucket.delete(_name(key.path, _STATE))

    def list(self) -> Iterator[ListedState]:
        """List all keys: a request for each thousand objects, locks among them."""
        for start in self.keys.starts():
            locked = ""
            for each in self.bucket.objects(start):
                # A lock comes right before its state in a listing.
                locked = _path(each.path, _LOCK) or locked
                path = _path(each.path, _STATE)
                if parts := self.keys.read(path):
                    found = ListedState(path, *parts, size=each.size, modified=each.modified)
                    yield replace(found, locked=path == locked)

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """List the object's generations."""
        return self.bucket.versions(_name(key.path, _STATE))

    def unversioned(self) -> str:
        """Ask for the bucket's versioning; silent where the run may not ask."""
        if self.bucket.is_versioned() is False:
            return f"The versioning of the bucket {self.bucket.config.bucket} is off."
        return ""

    def read_version(self, key: StateKey, version_id: str) -> str:
        """Read one generation of the object."""
        return self.bucket.version(_name(key.path, _STATE), version_id)

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Delete the lock if it still is of the generation `lock_id`, as the engine would."""
        holder = self.access(key).holder()
        if holder is None:
            return False
        lock = _name(key.path, _LOCK)
        if holder.id != lock_id or not self.bucket.delete(lock, generation=lock_id):
            raise another_lock(key.path, lock_id, holder)
        return True

    def paths(self) -> Iterator[str]:
        """List the whole prefix; a state, its lock and its note by the state's path."""
        for each in self.bucket.objects(""):
            names = {SUFFIX: _STATE, f"{SUFFIX}.tflock": _LOCK, f"{SUFFIX}{MOVED}": _NOTE}
            endings = [ours for ours, theirs in names.items() if each.path.endswith(theirs)]
            for ours in endings[:1]:
                yield each.path.removesuffix(names[ours]) + ours
            if not endings:
                yield each.path

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Read the object beside the state."""
        found = self.bucket.content(_name(key.path, _NOTE))
        return None if found is None else found.text

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the object beside the state."""
        self.bucket.put(_name(key.path, _NOTE), text)

    def unmark_moved(self, key: StateKey) -> None:
        """Remove the object beside the state."""
        self.bucket.delete(_name(key.path, _NOTE))

    def create(self, key: StateKey, text: str) -> bool:
        """Write the object if there is none: one request, which the store itself decides."""
        return self.bucket.create(_name(key.path, _STATE), text)


class GoogleAccess:
    """One state object."""

    def __init__(self, bucket: GoogleBucket, path: str) -> None:
        self._bucket = bucket
        self._path = path

    def read(self) -> StateDocument | None:
        """Read the object: one request."""
        found = self._bucket.content(_name(self._path, _STATE))
        return None if found is None else parse_state(found.text, where=self._path)

    def holder(self) -> Lock | None:
        """Read the lock object: one request.

        The engines know the lock by the object's generation, whatever id its text holds.
        """
        found = self._bucket.content(_name(self._path, _LOCK))
        return None if found is None else replace(parse_lock(found.text), id=found.generation)


def _name(path: str, ending: str) -> str:
    """Return an object's name below the prefix for a state's path."""
    return f"{path.removesuffix(SUFFIX)}{ending}"


def _path(name: str, ending: str) -> str:
    """Return the state's path for an object's name; empty when it does not end so."""
    return f"{name.removesuffix(ending)}{SUFFIX}" if name.endswith(ending) else ""

"""States in an S3 bucket: found with one request, read with one, locked as the catalog says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.backends.bucket import Bucket
from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.model import MOVED, ListedState, LockTrace, another_lock
from purveyor.backends.s3_block import engine_arguments
from purveyor.state_key import SUFFIX, combine, parse_state
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends.model import StateVersion
    from purveyor.backends.object_records import ObjectRecords
    from purveyor.catalog.backend import S3BackendConfig
    from purveyor.lock import Lock
    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateDocument, StateKey

_LOCK = ".tflock"


class S3States:
    """States below a bucket's prefix."""

    def __init__(self, config: S3BackendConfig, settings: Settings) -> None:
        self.bucket = Bucket(config, settings)
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
        paths = self.bucket.paths(self.keys.start(entity))
        return self.keys.choose(
            entity,
            states=[path for path in paths if path.endswith(SUFFIX)],
            traces=[path.removesuffix(_LOCK) for path in paths if path.endswith(_LOCK)],
            marks=[path.removesuffix(MOVED) for path in paths if path.endswith(MOVED)],
        )

    def block(self, key: StateKey) -> BackendBlock:
        """Point the engine's `s3` backend at the object."""
        bucket = self.bucket
        return BackendBlock("s3", engine_arguments(bucket.config, bucket.key(key.path)))

    def access(self, key: StateKey) -> S3Access:
        """Return the reader of one state."""
        return S3Access(self.bucket, key.path)

    def remove(self, key: StateKey) -> None:
        """Remove DynamoDB's digest, then the state; a versioned bucket keeps its versions.

        In this order, since a digest without its state makes the engine refuse the key (measured).
        A lock object is looked at first; a lock that only DynamoDB holds is not.
        """
        bucket = self.bucket
        if bucket.config.lock == "lockfile":
            holder = self.access(key).holder()
            if holder is not None:
                raise held(key.path, holder)
        else:
            bucket.forget_digest(key.path)
        bucket.delete(key.path)

    def list(self) -> Iterator[ListedState]:
        """List all keys: a request for each thousand objects, lock objects among them."""
        tells_locks = self.bucket.config.lock != "dynamodb"
        for start in self.keys.starts():
            state = None
            for path, entry in self.bucket.objects(start):
                parts = self.keys.read(path)
                if state is not None and parts is None and path.startswith(f"{state.path}."):
                    # A lock object comes soon after its state in a listing.
                    if path == f"{state.path}{_LOCK}":
                        state = replace(state, locked=True)
                    continue
                if state is not None:
                    yield state
                    state = None
                if parts:
                    state = ListedState(
                        path,
                        *parts,
                        size=entry["Size"],
                        modified=entry["LastModified"],
                        locked=False if tells_locks else None,
                    )
            if state is not None:
                yield state

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """List the object's versions."""
        return list(self.bucket.versions(key.path))

    def unversioned(self) -> str:
        """Ask for the bucket's versioning."""
        if self.bucket.is_versioned():
            return ""
        return f"The versioning of the bucket {self.bucket.config.bucket} is off."

    def read_version(self, key: StateKey, version_id: str) -> str:
        """Read one version of the object."""
        return self.bucket.version(key.path, version_id)

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Free the lock object, the lock item, or both, as the engine would."""
        return self.access(key).unlock(lock_id)

    def paths(self) -> Iterator[str]:
        """List the whole prefix."""
        return (path for path, _ in self.bucket.objects(""))

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Read the object beside the state."""
        return self.bucket.content(f"{key.path}{MOVED}")

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the object beside the state."""
        self.bucket.put(f"{key.path}{MOVED}", text)

    def unmark_moved(self, key: StateKey) -> None:
        """Remove the object beside the state."""
        self.bucket.delete(f"{key.path}{MOVED}")

    def create(self, key: StateKey, text: str) -> bool:
        """Write the object if there is none: one request, which the store itself decides."""
        return self.bucket.create(key.path, text)

    def lock_traces(self) -> Iterator[LockTrace]:
        """Tell every lock object and every lock item below the prefix, whatever is configured."""
        for path in self.paths():
            if path.endswith(_LOCK):
                text = self.bucket.content(path)
                if text is not None:
                    yield LockTrace(path.removesuffix(_LOCK), "object", parse_lock(text))
        if self.bucket.config.table is not None:
            for path, info in self.bucket.lock_items():
                yield LockTrace(path, "item", parse_lock(info))


class S3Access:
    """One state object."""

    def __init__(self, bucket: Bucket, path: str) -> None:
        self._bucket = bucket
        self._path = path

    def read(self) -> StateDocument | None:
        """Read the object: one request."""
        content = self._bucket.content(self._path)
        if content is None:
            return None
        return parse_state(content, where=self._path)

    def holder(self) -> Lock | None:
        """Read the lock object, the lock item, or both: a request each."""
        text = self._lock_object()
        if text is None:
            text = self._lock_item()
        return None if text is None else parse_lock(text)

    def unlock(self, lock_id: str) -> bool:
        """Free each lock that is held; all have the same id, since one run takes both."""
        locks = {"object": self._lock_object(), "item": self._lock_item()}
        held_locks = {where: text for where, text in locks.items() if text is not None}
        for text in held_locks.values():
            if (holder := parse_lock(text)).id != lock_id:
                raise another_lock(self._path, lock_id, holder)
        if "item" in held_locks:
            self._bucket.free_item(self._path, held_locks["item"])
        if "object" in held_locks:
            self._bucket.delete(f"{self._path}{_LOCK}")
        return bool(held_locks)

    def _lock_object(self) -> str | None:
        if self._bucket.config.lock == "dynamodb":
            return None
        return self._bucket.content(f"{self._path}{_LOCK}")

    def _lock_item(self) -> str | None:
        if self._bucket.config.lock == "lockfile":
            return None
        return self._bucket.lock_item(self._path)

"""States in an S3 bucket: found with one request, read with one, locked as the catalog says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.bucket import Bucket
from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.s3_block import engine_arguments
from purveyor.state_key import choose, identity, is_state_in, parse_state
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.catalog.backend import S3Backend
    from purveyor.lock import Lock
    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateDocument, StateKey

_LOCK = ".tflock"


class S3States:
    """States below a bucket's prefix."""

    def __init__(self, config: S3Backend, settings: Settings) -> None:
        self._bucket = Bucket(config, settings)

    def locate(self, entity: Owner) -> StateKey:
        """List the entity's folder: one request.

        A lock without a state is the trace of a first run that has not saved yet.
        """
        folder = identity(entity)
        paths = self._bucket.paths(folder)
        locked = [path.removesuffix(_LOCK) for path in paths if path.endswith(_LOCK)]
        return choose(
            entity,
            states=[path for path in paths if is_state_in(folder, path)],
            traces=[path for path in locked if is_state_in(folder, path)],
        )

    def block(self, key: StateKey) -> BackendBlock:
        """Point the engine's `s3` backend at the object."""
        bucket = self._bucket
        return BackendBlock("s3", engine_arguments(bucket.config, bucket.key(key.path)))

    def access(self, key: StateKey) -> S3Access:
        """Return the reader of one state."""
        return S3Access(self._bucket, key.path)

    def remove(self, key: StateKey) -> None:
        """Remove DynamoDB's digest, then the state; a versioned bucket keeps its versions.

        In this order, since a digest without its state makes the engine refuse the key (measured).
        A lock object is looked at first; a lock that only DynamoDB holds is not.
        """
        bucket = self._bucket
        if bucket.config.lock == "lockfile":
            holder = self.access(key).holder()
            if holder is not None:
                raise held(key.path, holder)
        else:
            bucket.forget_digest(key.path)
        bucket.delete(key.path)


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
        text = None
        if self._bucket.config.lock != "dynamodb":
            text = self._bucket.content(f"{self._path}{_LOCK}")
        if text is None and self._bucket.config.lock != "lockfile":
            text = self._bucket.lock_item(self._path)
        return None if text is None else parse_lock(text)

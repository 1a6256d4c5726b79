"""Locks on states in S3: an object beside the state, an item in a table, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.locks import StateLocks
from purveyor.backends.locks.dynamodb import DynamoItems
from purveyor.backends.model import LockTrace, another_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.stores.s3 import S3Store
    from purveyor.lock import Lock


class S3Locks(StateLocks):
    """Locks as the catalog wants them: `lockfile`, `dynamodb` or `both`."""

    ending = ".tflock"

    def __init__(self, store: S3Store) -> None:
        config = store.config
        self._store = store
        self._items = None if config.table is None else DynamoItems(store, config.table)
        self._has_objects = config.lock != "dynamodb"
        self.unlisted = False if self._has_objects else None

    def holder(self, path: str) -> Lock | None:
        """Read the lock object, the lock item, or both: a request each."""
        text = self._object(path)
        if text is None and self._items is not None:
            text = self._items.text(path)
        return None if text is None else parse_lock(text)

    def unlock(self, path: str, lock_id: str) -> bool:
        """Free each lock that is held; all have the same id, since one run takes both."""
        text = self._object(path)
        info = self._items.text(path) if self._items else None
        for each in (text, info):
            if each is not None and (holder := parse_lock(each)).id != lock_id:
                raise another_lock(path, lock_id, holder)
        if self._items is not None and info is not None:
            self._items.free(path, info)
        if text is not None:
            self._store.remove(f"{path}{self.ending}")
        return text is not None or info is not None

    def remove_state(self, path: str) -> None:
        """Remove DynamoDB's digest, then the state; a versioned bucket keeps its versions.

        In this order, since a digest without its state makes the engine refuse the key (measured).
        A lock object is looked at first; a lock that only DynamoDB holds is not.
        """
        if self._items is not None:
            self._items.forget_digest(path)
        elif (holder := self.holder(path)) is not None:
            raise held(path, holder)
        self._store.remove(path)

    def traces(self) -> Iterator[LockTrace]:
        """Tell every lock object and every lock item below the prefix, whatever is configured."""
        for each in self._store.objects(""):
            if each.path.endswith(self.ending):
                text = self._store.read(each.path)
                if text is not None:
                    path = each.path.removesuffix(self.ending)
                    yield LockTrace(path, "object", parse_lock(text))
        for path, info in self._items.all() if self._items else ():
            yield LockTrace(path, "item", parse_lock(info))

    def _object(self, path: str) -> str | None:
        return self._store.read(f"{path}{self.ending}") if self._has_objects else None

"""States in a store of objects: found with one listing, read with one request, locked beside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from purveyor.backends.model import MOVED, Backend, ListedState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from purveyor.backends.model import LockTrace, StateVersion
    from purveyor.backends.stores import ObjectStore, StoredObject
    from purveyor.lock import Lock
    from purveyor.state_key import KeyScheme, Owner, StateKey
    from purveyor.step import BackendBlock


class StateLocks(Protocol):
    """The locks on the states in one store; `path` is a state's."""

    ending: str | None = None
    """What the name of a lock's object ends in; None where no object is a lock."""

    unlisted: bool | None = False
    """What a state is where a listing shows no lock of it: free, or None where it may be held."""

    def holder(self, path: str) -> Lock | None:
        """Return who holds a state's lock; None when it is free."""

    def unlock(self, path: str, lock_id: str) -> bool:
        """Free the lock that has this id; False when the state is not locked.

        Raise StateLockedError when another lock is held.
        """

    def remove_state(self, path: str) -> None:
        """Remove a state and what its lock left. Raise StateLockedError for a held lock."""

    def traces(self) -> Iterator[LockTrace] | None:
        """Tell every lock that lies in the store; None where each state has to be asked for."""
        return None


class Naming(NamedTuple):
    """What the name of a state's object ends in, and of the note beside it.

    `replaced` is the end of the state's path that these stand for.
    """

    state: str = ""
    note: str = MOVED
    replaced: str = ""

    def name(self, path: str, ending: str) -> str:
        return f"{path.removesuffix(self.replaced)}{ending}"

    def path(self, name: str, ending: str | None) -> str:
        """Return the state's path for an object's name; empty when it does not end so."""
        if ending is None or not name.endswith(ending):
            return ""
        return f"{name.removesuffix(ending)}{self.replaced}"


PLAIN = Naming()


class ObjectStates(Backend):
    """States below a store's prefix. `block` tells an engine where the state at a path is."""

    keeps_markers = True
    takes_raw_states = True

    def __init__(
        self,
        store: ObjectStore,
        locks: StateLocks,
        block: Callable[[str], BackendBlock],
        keys: KeyScheme,
        naming: Naming = PLAIN,
    ) -> None:
        self.store = store
        self.keys = keys
        self._locks = locks
        self._block = block
        self._naming = naming

    @property
    def records(self) -> ObjectStore:
        return self.store

    def locate(self, entity: Owner) -> StateKey:
        """List what begins as the entity's keys do: one request.

        A lock without a state is the trace of a first run that has not saved yet, and so is an
        engine's placeholder.
        """
        naming = self._naming
        found = list(self.store.objects(self.keys.start(entity).removesuffix(naming.replaced)))
        begun = [naming.path(each.path, self._locks.ending) for each in found]
        states = [(naming.path(each.path, naming.state), self._is_state(each)) for each in found]
        return self.keys.choose(
            entity,
            states=[path for path, is_state in states if is_state],
            traces=[*begun, *(path for path, is_state in states if not is_state)],
            marks=[naming.path(each.path, naming.note) for each in found],
        )

    def block(self, key: StateKey) -> BackendBlock:
        return self._block(key.path)

    def text(self, key: StateKey) -> str | None:
        text = self.store.read(self._state(key))
        return None if self.store.has_placeholders and not text else text

    def holder(self, key: StateKey) -> Lock | None:
        return self._locks.holder(key.path)

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        return self._locks.unlock(key.path, lock_id)

    def remove(self, key: StateKey) -> None:
        self._locks.remove_state(key.path)

    def list(self) -> Iterator[ListedState]:
        """List all keys; a state's lock comes right before it or soon after it."""
        naming, lock_ending = self._naming, self._locks.ending
        for start in self.keys.starts():
            waiting: ListedState | None = None
            lock = ""
            for each in self.store.objects(start):
                lock = naming.path(each.path, lock_ending) or lock
                if waiting is not None and waiting.path == lock:
                    waiting = replace(waiting, locked=True)
                path = naming.path(each.path, naming.state)
                parts = self.keys.read(path)
                if parts is None or not self._is_state(each):
                    continue
                if waiting is not None:
                    yield waiting
                locked = self._locks.unlisted if each.locked is None else each.locked
                waiting = ListedState(
                    path, *parts, each.size, each.modified, path == lock or locked
                )
                if lock_ending is None:
                    yield waiting
                    waiting = None
            if waiting is not None:
                yield waiting

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        return self.store.versions(self._state(key))

    def unversioned(self) -> str:
        return self.store.unversioned()

    def read_version(self, key: StateKey, version_id: str) -> str:
        return self.store.version(self._state(key), version_id)

    def paths(self) -> Iterator[str]:
        """List the whole prefix; a state, its lock and its note by the state's path."""
        naming = self._naming
        endings = {".tflock": self._locks.ending, MOVED: naming.note, "": naming.state}
        for each in self.store.objects(""):
            ours = ((naming.path(each.path, theirs), ours) for ours, theirs in endings.items())
            yield next((f"{path}{ending}" for path, ending in ours if path), each.path)

    def read_moved_marker(self, key: StateKey) -> str | None:
        return self.store.read(self._note(key))

    def mark_moved(self, key: StateKey, text: str) -> None:
        self.store.put(self._note(key), text)

    def unmark_moved(self, key: StateKey) -> None:
        self.store.remove(self._note(key))

    def create(self, key: StateKey, text: str) -> bool:
        """Write the object if there is none: one request, which the store itself decides."""
        return self.store.create(self._state(key), text)

    def lock_traces(self) -> Iterator[LockTrace] | None:
        return self._locks.traces()

    def _state(self, key: StateKey) -> str:
        return self._naming.name(key.path, self._naming.state)

    def _note(self, key: StateKey) -> str:
        return self._naming.name(key.path, self._naming.note)

    def _is_state(self, found: StoredObject) -> bool:
        return bool(found.size) or not self.store.has_placeholders

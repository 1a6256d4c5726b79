"""What a backend promises, what it tells of the states it holds, and of their locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError, ReasonCode, RecoveryError, StateLockedError
from purveyor.lock import Lock, describe_lock
from purveyor.state_key import parse_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from purveyor.record_store import RecordStore
    from purveyor.state_key import KeyScheme, Owner, StateDocument, StateKey
    from purveyor.step import BackendBlock, StateAccess

LATEST = "latest"
MOVED = ".moved"
"""What the name of the note beside a state ends in, once the state lives elsewhere."""


class UnsupportedError(CatalogError):
    """The catalog's kind of backend cannot do what was asked."""


@dataclass(frozen=True, slots=True)
class ListedState:
    """One state in a listing. `kind` is `service` or `link`; `slug` is empty where none is kept.

    `size` is in bytes; it, `modified` (in UTC) and `locked` are None where a listing does not
    tell: a further request for each state would.
    """

    path: str
    kind: str
    entity_id: str
    slug: str
    size: int | None = None
    modified: datetime | None = None
    locked: bool | None = None


@dataclass(frozen=True, slots=True)
class StateVersion:
    """One kept version of a state. `id` names it to its backend; `size` is in bytes.

    `latest` is the one that the engine would read; none of a removed state's versions is.
    """

    id: str
    modified: datetime | None
    size: int | None
    latest: bool


@dataclass(frozen=True, slots=True)
class LockTrace:
    """A lock that lies in a store: `where` is `object` (beside the state) or `item` (a table)."""

    path: str
    where: str
    lock: Lock


def no_version(where: str, version_id: str) -> RecoveryError:
    return RecoveryError(
        f"The state {where} has no version {version_id[:128]}.",
        reason=ReasonCode.STATE_MISSING,
        hint="`purveyor state history` lists the versions that are kept.",
    )


def confirm_holder(backend: Backend, key: StateKey, lock_id: str) -> Lock | None:
    """Return who holds a state's lock; None when nobody does.

    Raises StateLockedError when it is held under another id.
    """
    holder = backend.holder(key)
    if holder is not None and holder.id != lock_id:
        raise another_lock(key.path, lock_id, holder)
    return holder


def another_lock(where: str, lock_id: str, holder: Lock) -> StateLockedError:
    return StateLockedError(
        f"The state {where} is not held by lock {lock_id[:128]}.",
        hint="Give the id of the lock that is held, once its holder is known to be dead.",
        details=[f"held by {describe_lock(holder)}"],
    )


class Backend(Protocol):
    """One place for states.

    Every method may raise CredentialsError (nobody let us in) or RecoveryError STATE_UNREADABLE
    (the place is missing or out of reach); neither is ever taken for "there is no state".
    """

    keeps_markers: bool = False
    """Whether it keeps a note beside a state that has moved, and lists all that lies in it."""

    takes_raw_states: bool = False
    """Whether `create` writes a state that no engine but its module's own can read."""

    keys: KeyScheme
    """Where entities' states lie in it."""

    @property
    def records(self) -> RecordStore | None:
        """The store of records beside its states; None where it keeps none."""
        return None

    def locate(self, entity: Owner) -> StateKey:
        """Return the key of an entity's state; an existing one under any slug wins.

        Raise RecoveryError STATE_AMBIGUOUS when there are two.
        """

    def block(self, key: StateKey) -> BackendBlock:
        """Return what an engine needs to reach the state."""

    def read(self, key: StateKey) -> StateDocument | None:
        """Return a state; None when there is none, or only an engine's placeholder."""
        text = self.text(key)
        return None if text is None else parse_state(text, where=key.path)

    def text(self, key: StateKey) -> str | None:
        """Return a state's text as it is now; None where `read` finds none."""

    def holder(self, key: StateKey) -> Lock | None:
        """Return who holds a state's lock; None when it is free or cannot be told."""

    def access(self, key: StateKey) -> StateAccess:
        """Return both for one state, as an engine asks for them."""
        return KeptState(self, key)

    def remove(self, key: StateKey) -> None:
        """Remove a state and what its backend left beside it; nothing happens the second time.

        The caller has made sure that it is empty. Raise StateLockedError for a held lock.
        """

    def list(self) -> Iterator[ListedState]:
        """Tell all states one after the other, while they come in, in no promised order.

        Raise UnsupportedError when the place cannot list.
        """

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """Return the kept versions of a state, newest first; also those of a removed one.

        Where no earlier ones are kept, only what is there now; `unversioned` says why.
        """
        text = self.text(key)
        if text is None:
            return ()
        return (StateVersion(LATEST, None, len(text.encode()), latest=True),)

    def unversioned(self) -> str:
        """Say in one sentence why the place keeps no earlier versions; empty when it does."""

    def read_version(self, key: StateKey, version_id: str) -> str:
        """Return a version's text; raise RecoveryError STATE_MISSING when it is not kept."""
        text = self.text(key) if version_id == LATEST else None
        if text is None:
            raise no_version(key.path, version_id)
        return text

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Free the lock that has this id; False when the state is not locked.

        The caller knows its holder to be dead. Raise StateLockedError when another lock is held,
        and UnsupportedError where only its holder's end can free it.
        """

    def paths(self) -> Iterator[str]:
        """Tell the path of everything in it; of nothing where it keeps no markers."""
        return iter(())

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Return the note beside a state; None when there is none."""
        del key
        return None

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the note that a state has moved, in place of an earlier one."""
        del key, text

    def unmark_moved(self, key: StateKey) -> None:
        """Remove the note; nothing happens when there is none."""
        del key

    def create(self, key: StateKey, text: str) -> bool:
        """Write a state as it is where there is none; False when there is one."""
        del key, text
        return False

    def lock_traces(self) -> Iterator[LockTrace] | None:
        """Tell every lock that lies in the store; None where each state has to be asked for."""
        return None


@dataclass(frozen=True, slots=True)
class KeptState:
    backend: Backend
    key: StateKey

    def read(self) -> StateDocument | None:
        return self.backend.read(self.key)

    def holder(self) -> Lock | None:
        return self.backend.holder(self.key)


def parse_lock(text: str) -> Lock:
    """Read lock info (Terraform's `statemgr.LockInfo`); unreadable text still is a held lock."""
    fields = json_text.parse_object(text) or {}
    words = {name: value for name, value in fields.items() if isinstance(value, str)}
    return Lock(
        id=words.get("ID", ""),
        who=words.get("Who", ""),
        operation=words.get("Operation", "").removeprefix("OperationType").lower(),
        created=words.get("Created", ""),
        path=words.get("Path", ""),
        version=words.get("Version", ""),
    )


def held(where: str, holder: Lock) -> StateLockedError:
    """Return the error for a state that cannot be removed since `holder` works on it."""
    who = holder.who or "another run"
    return StateLockedError(
        f"The state {where} is not removed: {who} holds its lock.",
        hint="Wait for that run to end, then run the action again.",
        details=[f"lock {holder.id or 'unknown'}, since {holder.created or 'unknown'}"],
    )

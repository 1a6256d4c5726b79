"""What a backend tells of the states it holds: one listed state, and one kept version of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.errors import CatalogError, ReasonCode, RecoveryError, StateLockedError
from purveyor.lock import describe_lock

if TYPE_CHECKING:
    from datetime import datetime

    from purveyor.lock import Lock
    from purveyor.state_key import StateKey
    from purveyor.step import StateAccess

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
    """Return the error for a version that the backend does not have."""
    return RecoveryError(
        f"The state {where} has no version {version_id[:128]}.",
        reason=ReasonCode.STATE_MISSING,
        hint="`purveyor state history` lists the versions that are kept.",
    )


def confirm_holder(access: StateAccess, key: StateKey, lock_id: str) -> Lock | None:
    """Return who holds a state's lock; None when nobody does.

    Raises StateLockedError when it is held under another id.
    """
    holder = access.holder()
    if holder is not None and holder.id != lock_id:
        raise another_lock(key.path, lock_id, holder)
    return holder


def another_lock(where: str, lock_id: str, holder: Lock) -> StateLockedError:
    """Return the error for freeing a lock that is held under another id."""
    return StateLockedError(
        f"The state {where} is not held by lock {lock_id[:128]}.",
        hint="Give the id of the lock that is held, once its holder is known to be dead.",
        details=[f"held by {describe_lock(holder)}"],
    )

"""What states need of the locks on them; one file for each way to lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.model import LockTrace
    from purveyor.lock import Lock


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

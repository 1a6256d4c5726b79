"""Where states live: finding, reading and removing one, and how an engine reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

from purveyor.catalog.backend import LocalBackend, S3Backend

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateKey
    from purveyor.step import BackendBlock, StateAccess

__all__ = ["Backend", "open_backend"]


class Backend(Protocol):
    """One place for states.

    Every method may raise CredentialsError (nobody let us in) or RecoveryError STATE_UNREADABLE
    (the place is missing or out of reach); neither is ever taken for "there is no state".
    """

    def locate(self, entity: Owner) -> StateKey:
        """Return the key of an entity's state; an existing one under any slug wins.

        Raise RecoveryError STATE_AMBIGUOUS when there are two.
        """

    def block(self, key: StateKey) -> BackendBlock:
        """Return what an engine needs to reach the state."""

    def access(self, key: StateKey) -> StateAccess:
        """Return a reader of one state and of its lock."""

    def remove(self, key: StateKey) -> None:
        """Remove a state and what its backend left beside it; nothing happens the second time.

        The caller has made sure that it is empty. Raise StateLockedError for a held lock.
        """


def open_backend(config: LocalBackend | S3Backend, *, root: Path, settings: Settings) -> Backend:
    """Return the backend that the catalog names; `root` is the catalog's folder."""
    match config:
        case LocalBackend():
            from purveyor.backends.local import LocalStates

            return LocalStates(root / config.path)
        case S3Backend():
            from purveyor.backends.s3 import S3States

            return S3States(config, settings)
        case _:
            assert_never(config)

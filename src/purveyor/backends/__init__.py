"""Where states live: finding, reading and removing one, and how an engine reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, assert_never

from purveyor.catalog.backend import (
    AzureBackendConfig,
    ConsulBackendConfig,
    GitlabBackendConfig,
    GoogleBackendConfig,
    HttpBackendConfig,
    LocalBackendConfig,
    PgBackendConfig,
    S3BackendConfig,
)
from purveyor.state_key import combine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from purveyor.backends.folder_records import FolderRecords
    from purveyor.backends.model import ListedState, StateVersion
    from purveyor.backends.object_records import ObjectRecords
    from purveyor.backends.pg_records import PgRecords
    from purveyor.catalog.backend import BackendConfig
    from purveyor.settings import Settings
    from purveyor.state_key import KeyScheme, Owner, StateKey
    from purveyor.step import BackendBlock, StateAccess

    Records: TypeAlias = FolderRecords | ObjectRecords | PgRecords

__all__ = ["Backend", "open_backend"]


class Backend(Protocol):
    """One place for states.

    Every method may raise CredentialsError (nobody let us in) or RecoveryError STATE_UNREADABLE
    (the place is missing or out of reach); neither is ever taken for "there is no state".
    """

    @property
    def keys(self) -> KeyScheme:
        """Where entities' states lie in it."""

    @property
    def records(self) -> Records | None:
        """The store of records beside its states; None where it keeps none."""

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

    def list(self) -> Iterator[ListedState]:
        """Tell all states one after the other, while they come in, in no promised order.

        Raise UnsupportedError when the place cannot list.
        """

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """Return the kept versions of a state, newest first; also those of a removed one.

        Where no earlier ones are kept, only what is there now; `unversioned` says why.
        """

    def unversioned(self) -> str:
        """Say in one sentence why the place keeps no earlier versions; empty when it does."""

    def read_version(self, key: StateKey, version_id: str) -> str:
        """Return a version's text; raise RecoveryError STATE_MISSING when it is not kept."""

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Free the lock that has this id; False when the state is not locked.

        The caller knows its holder to be dead. Raise StateLockedError when another lock is held,
        and UnsupportedError where only its holder's end can free it.
        """


def open_backend(
    config: BackendConfig,
    *,
    root: Path,
    settings: Settings,
) -> Backend:
    """Return the backend that the catalog names; `root` is the catalog's folder."""
    match config:
        case LocalBackendConfig():
            from purveyor.backends.local import LocalStates

            return LocalStates(root / config.path, combine(config.keys))
        case S3BackendConfig():
            from purveyor.backends.s3 import S3States

            return S3States(config, settings)
        case AzureBackendConfig():
            from purveyor.backends.azure import AzureStates

            return AzureStates(config, settings)
        case GoogleBackendConfig():
            from purveyor.backends.gcs import GoogleStates

            return GoogleStates(config, settings)
        case (
            HttpBackendConfig() | GitlabBackendConfig() | ConsulBackendConfig() | PgBackendConfig()
        ):
            return _open_server(config, settings)
        case _:
            assert_never(config)


def _open_server(
    config: HttpBackendConfig | GitlabBackendConfig | ConsulBackendConfig | PgBackendConfig,
    settings: Settings,
) -> Backend:
    match config:
        case HttpBackendConfig():
            from purveyor.backends.http import open_http

            return open_http(config, settings)
        case GitlabBackendConfig():
            from purveyor.backends.gitlab import open_gitlab

            return open_gitlab(config, settings)
        case ConsulBackendConfig():
            from purveyor.backends.consul import ConsulStates

            return ConsulStates(config, settings)
        case PgBackendConfig():
            from purveyor.backends.pg import PgStates

            return PgStates(config, settings)
        case _:
            assert_never(config)

"""Where states live: finding, reading and removing one, and how an engine reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from purveyor.backends.model import Backend
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
    from pathlib import Path

    from purveyor.catalog.backend import BackendConfig
    from purveyor.catalog.journal_store import JournalStore
    from purveyor.record_store import RecordStore
    from purveyor.settings import Settings

__all__ = ["Backend", "choose_records", "open_backend"]


def open_backend(
    config: BackendConfig,
    *,
    root: Path,
    settings: Settings,
) -> Backend:
    """Return the backend that the catalog names; `root` is the catalog's folder."""
    match config:
        case LocalBackendConfig():
            from purveyor.backends.local import open_local

            return open_local(root / config.path, combine(config.keys))
        case S3BackendConfig():
            from purveyor.backends.s3 import open_s3

            return open_s3(config, settings)
        case AzureBackendConfig():
            from purveyor.backends.azure import open_azure

            return open_azure(config, settings)
        case GoogleBackendConfig():
            from purveyor.backends.gcs import open_gcs

            return open_gcs(config, settings)
        case (
            HttpBackendConfig() | GitlabBackendConfig() | ConsulBackendConfig() | PgBackendConfig()
        ):
            return _open_server(config, settings)
        case _:
            assert_never(config)


def choose_records(
    states: Backend, journal: JournalStore | None, *, root: Path, settings: Settings
) -> RecordStore | None:
    """Return where the journal lies: where the catalog says, else beside the states.

    `root` is the catalog's folder. None where the catalog names no store and the backend is none.
    """
    if journal is None:
        return states.records
    return open_backend(journal, root=root, settings=settings).records


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
            from purveyor.backends.postgres import PgStates

            return PgStates(config, settings)
        case _:
            assert_never(config)

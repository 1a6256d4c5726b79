"""Where a backend keeps records beside its states: texts that are created once, or written over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.backends.azure_records import AzureRecords
    from purveyor.backends.bucket_records import BucketRecords
    from purveyor.backends.folder_records import FolderRecords
    from purveyor.backends.gcs_records import GoogleRecords
    from purveyor.backends.pg_records import PgRecords
    from purveyor.catalog.journal_store import JournalStore
    from purveyor.settings import Settings

    Records = FolderRecords | BucketRecords | AzureRecords | GoogleRecords | PgRecords


def choose_records(
    states: Backend, journal: JournalStore | None, *, root: Path, settings: Settings
) -> Records | None:
    """Return where the journal lies: where the catalog says, else beside the states.

    `root` is the catalog's folder. None where the catalog names no store and the backend is none.
    """
    if journal is None:
        return open_records(states)
    from purveyor.backends import open_backend

    return open_records(open_backend(journal, root=root, settings=settings))


def open_records(backend: Backend) -> Records | None:
    """Return the store of records beside a backend's states; None where there is none."""
    from purveyor.backends.azure import AzureStates
    from purveyor.backends.gcs import GoogleStates
    from purveyor.backends.local import LocalStates
    from purveyor.backends.pg import PgStates
    from purveyor.backends.s3 import S3States

    match backend:
        case LocalStates():
            from purveyor.backends.folder_records import FolderRecords

            return FolderRecords(backend.folder)
        case S3States():
            from purveyor.backends.bucket_records import BucketRecords

            return BucketRecords(backend.bucket)
        case AzureStates():
            from purveyor.backends.azure_records import AzureRecords

            return AzureRecords(backend.container)
        case GoogleStates():
            from purveyor.backends.gcs_records import GoogleRecords

            return GoogleRecords(backend.bucket)
        case PgStates():
            return backend.records
        case _:
            return None

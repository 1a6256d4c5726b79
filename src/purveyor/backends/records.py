"""Where records such as the journal's lie: beside the states, or in a store of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends import open_backend

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.backends.model import Backend
    from purveyor.catalog.journal_store import JournalStore
    from purveyor.record_store import RecordStore
    from purveyor.settings import Settings


def choose_records(
    states: Backend, journal: JournalStore | None, *, root: Path, settings: Settings
) -> RecordStore | None:
    """Return where the journal lies: where the catalog says, else beside the states.

    `root` is the catalog's folder. None where the catalog names no store and the backend is none.
    """
    if journal is None:
        return states.records
    return open_backend(journal, root=root, settings=settings).records

"""What Purveyor keeps on its own machine: run files, and states that could not be saved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.attempt.local_run import LocalRuns
from purveyor.engines.binary import cache_folder
from purveyor.journal import DEAD_AFTER, Journal, ParkedStates

if TYPE_CHECKING:
    from purveyor.journal.store import DatedStore, Store
    from purveyor.settings import Settings
    from purveyor.state_key import Owner


def open_local_runs(settings: Settings) -> LocalRuns:
    """Return what runs leave on this machine."""
    return LocalRuns(cache_folder(settings) / "runs")


def open_journal(store: DatedStore, settings: Settings) -> Journal:
    """Return the journal in a store."""
    wished = settings.seconds("PURVEYOR_DEAD_AFTER")
    dead_after = DEAD_AFTER if wished is None else wished
    return Journal(store, time.time, age=store.age, dead_after=dead_after)


def open_recovery(
    settings: Settings, records: Store | None, owner: Owner, attempt: str = ""
) -> ParkedStates:
    """Return the keeper of an entity's unsaved states: in the journal, and on the disk."""
    from purveyor.backends.folder_records import FolderRecords

    folder = cache_folder(settings) / "recovery"
    return ParkedStates(
        owner,
        store=records,
        disk=FolderRecords(folder),
        place=str(folder),
        clock=time.time,
        attempt=attempt,
    )

"""What a command works with that starts from a catalog: its backend and its journal."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.cli.logins import open_redactor
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from purveyor.attempt.local_run import LocalRuns
    from purveyor.backends import Backend
    from purveyor.catalog import Catalog
    from purveyor.entity import EntityRef
    from purveyor.journal import Journal, ParkedStates
    from purveyor.process import Interruption
    from purveyor.record_store import RecordStore
    from purveyor.redaction import Redactor
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings
    from purveyor.states.entity import Named, StateTarget
    from purveyor.sweep import Sweeper

# What tells two places of one kind apart, with no secret in it: `connection_from` is a variable.
_ADDRESS = (
    *("endpoint", "address", "connection_from", "environment", "account", "project", "datacenter"),
    *("bucket", "container", "schema_name", "prefix"),
)


@dataclass(frozen=True, slots=True)
class CatalogContext:
    settings: Settings
    catalog: Catalog
    backend: Backend
    name: str  # the backend's address, for people
    lock: str
    redactor: Redactor
    records: RecordStore | None = None  # where the journal lies

    def find(self, words: str, kind: str | None) -> StateTarget:
        from purveyor.states.entity import KINDS, find_target

        return find_target(words, self.backend, kinds=(kind,) if kind else KINDS)

    def owner(self, words: str, kind: str | None) -> Named:
        """Return the entity that is named; one without a state by its kind and its whole id."""
        from purveyor.errors import ReasonCode, RecoveryError
        from purveyor.state_key import ID
        from purveyor.states.entity import Named

        try:
            target = self.find(words, kind)
        except RecoveryError as error:
            known = error.reason is not ReasonCode.STATE_MISSING
            if known or kind is None or not re.fullmatch(ID, words):
                raise
            return Named(kind, words)
        return Named(target.kind, target.id, target.slug)

    def journal_store(self) -> RecordStore:
        """Return where the journal lies; raise CatalogError where there is none."""
        if self.records is None:
            raise CatalogError(
                f"The backend {self.name} keeps no journal, so that nothing is known of its runs.",
                hint="Name a store for it under `journal` in purveyor.yaml, such as an S3 bucket.",
                details=(
                    "Without it an action that a run has cannot be told from one that none took.",
                ),
            )
        return self.records


def load_chosen_catalog(path: str | None, settings: Settings) -> Catalog:
    """Load the catalog at a path, else the one of PURVEYOR_CATALOG, else this folder's."""
    from purveyor.catalog import load_catalog

    chosen = path or settings.text("PURVEYOR_CATALOG")
    return load_catalog(Path(chosen) if chosen else None)


def open_catalog_context(path: str | None) -> CatalogContext:
    from purveyor.backends import choose_records, open_backend

    settings = read_settings()
    settings.check()
    catalog = load_chosen_catalog(path, settings)
    model, root = catalog.model, catalog.root
    backend = open_backend(model.backend, root=root, settings=settings)
    return CatalogContext(
        settings,
        catalog,
        backend,
        _name_backend(catalog),
        lock=str(getattr(model.backend, "lock", "")),
        redactor=open_redactor(settings, catalog),
        records=choose_records(backend, model.journal, root=root, settings=settings),
    )


def open_journal(store: RecordStore, settings: Settings) -> Journal:
    from purveyor.journal import DEAD_AFTER, Journal

    wished = settings.seconds("PURVEYOR_DEAD_AFTER")
    dead_after = DEAD_AFTER if wished is None else wished
    return Journal(store, time.time, age=store.age, dead_after=dead_after)


def open_local_runs(settings: Settings) -> LocalRuns:
    from purveyor.attempt.local_run import LocalRuns
    from purveyor.backends.stores.local import FolderStore
    from purveyor.engines.binary import cache_folder

    return LocalRuns(FolderStore(cache_folder(settings) / "runs", lasting=False))


def open_recovery(
    settings: Settings,
    records: RecordStore | None,
    entity: EntityRef,
    attempt: str = "",
    step: str = "",
) -> ParkedStates:
    """Return the keeper of an entity's unsaved states: in the journal, and on the disk."""
    from purveyor.backends.stores.local import FolderStore
    from purveyor.engines.binary import cache_folder
    from purveyor.journal import ParkedStates

    folder = cache_folder(settings) / "recovery"
    return ParkedStates(
        entity,
        store=records,
        disk=FolderStore(folder),
        place=str(folder),
        clock=time.time,
        attempt=attempt,
        step=step,
    )


def is_dead(settings: Settings, identity: RunIdentity) -> bool | None:
    """Ask its CI whether a run is over; None where nobody can tell."""
    from purveyor.dispatch import look_up

    return look_up(identity, settings).dead


def open_sweep(context: CatalogContext, *, dry_run: bool, interruption: Interruption) -> Sweeper:
    from functools import partial

    from purveyor.clock import Clock
    from purveyor.dispatch import cancel, engine_runs_here, look_up
    from purveyor.engines.registry import PROCESS_NAMES
    from purveyor.reporter import open_reporter
    from purveyor.sweep import Sweeper

    store, settings = context.journal_store(), context.settings
    return Sweeper(
        journal=open_journal(store, settings),
        states=context.backend,
        look_up=partial(look_up, settings=settings),
        cancel=partial(cancel, settings=settings),
        engine_runs_here=lambda: engine_runs_here(PROCESS_NAMES),
        open_reporter=partial(open_reporter, settings, context.redactor),
        clock=Clock(time.monotonic, time.time, interruption.wait),
        dry_run=dry_run,
    )


def _name_backend(catalog: Catalog) -> str:
    """Return an address for people, which tells two places apart."""
    fields = catalog.model.backend.model_dump(exclude_none=True)
    kind = fields.pop("type")
    if kind == "local":
        return str((catalog.root / fields["path"]).resolve())
    given = [str(fields[name]) for name in _ADDRESS if fields.get(name)]
    parts = [each.rpartition("://")[2].strip("/") for each in given]
    return f"{kind}://{'/'.join(parts)}"

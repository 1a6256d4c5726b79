"""Checks a whole catalog offline: its file, every module it names, every program."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from purveyor.catalog.loading import count_faults, read_catalog
from purveyor.catalog.notes import find_catalog_notes
from purveyor.errors import CatalogError
from purveyor.validation.inspector import Inspector


@dataclass(frozen=True, slots=True)
class Inspection:
    faults: tuple[str, ...]
    services: int
    links: int
    actions: int
    modules: int
    remote: int  # modules that are pinned, but not read
    accounts: int
    seconds: float
    notes: tuple[str, ...] = ()  # about what is no fault, but less than it could be

    def refuse(self, path: Path) -> None:
        """Raise CatalogError with every fault, if there is one."""
        if self.faults:
            raise CatalogError(
                f"The catalog in {path} has {count_faults(self.faults)}.",
                hint="Correct the places listed, then ask `purveyor validate` again.",
                details=self.faults,
            )


def validate_catalog(path: Path | None = None) -> Inspection:
    """Do as `inspect_catalog`; raise CatalogError with every fault."""
    (found := inspect_catalog(path)).refuse(path or Path())
    return found


def inspect_catalog(path: Path | None = None) -> Inspection:
    """Find every fault of a catalog; raise CatalogError when there is none to look at."""
    started = time.perf_counter()
    reading = read_catalog(path)
    catalog = reading.catalog
    inspector = Inspector(catalog)
    inspector.inspect()
    faults = [*map(str, reading.faults), *inspector.found]
    if not faults and not inspector.services:
        faults = ["it serves nothing: no entry under `services:`, no folder under modules/"]
    return Inspection(
        faults=tuple(faults),
        services=inspector.services,
        links=inspector.links,
        actions=inspector.actions,
        modules=len(inspector.interfaces),
        remote=len(inspector.remote),
        accounts=len(catalog.model.accounts),
        seconds=time.perf_counter() - started,
        notes=tuple(dict.fromkeys([*find_catalog_notes(catalog.model), *inspector.notes])),
    )

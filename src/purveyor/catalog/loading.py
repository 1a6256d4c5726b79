"""Loads a catalog: finds its file, reads it, checks it against the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.catalog.resolution import Catalog
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from purveyor.catalog.document import Document, Fault, Trail
    from purveyor.catalog.model import CatalogModel
    from purveyor.json_text import JsonValue

FILE_NAME = "purveyor.yaml"
_OTHER_NAMES = ("purveyor.yml", "Purveyor.yaml", "purveyor.json")


@dataclass(frozen=True, slots=True)
class CatalogReading:
    """A catalog as far as it is sound, and everything that is wrong with its file.

    Entries with faults are left out of `catalog`, so that the rest can still be checked.
    """

    catalog: Catalog
    faults: tuple[Fault, ...]


def load_catalog(path: Path | None = None) -> Catalog:
    """Load the catalog at `path`, a file or the folder it stands in; None is this folder.

    A folder without a file is a catalog by convention alone. Raise CatalogError with every fault.
    """
    reading = read_catalog(path)
    if reading.faults:
        raise CatalogError(
            f"The catalog {reading.faults[0].file} has {count_faults(reading.faults)}.",
            hint="Correct the places listed, then try `purveyor validate`.",
            details=[str(fault) for fault in reading.faults],
        )
    return reading.catalog


def count_faults(faults: Sequence[object]) -> str:
    return "1 fault" if len(faults) == 1 else f"{len(faults)} faults"


def read_catalog(path: Path | None = None) -> CatalogReading:
    """Read the catalog at `path` and keep what is sound; raise CatalogError if there is none."""
    from purveyor.catalog.document import read_document
    from purveyor.catalog.model import CatalogModel

    root, file = _find_file(path or Path())
    if file is None:
        return CatalogReading(Catalog(root=root, model=CatalogModel(version=1)), ())
    document = read_document(file)
    if document.value is None:
        faults = document.faults or [document.fault((), "the file is empty; begin: version: 1")]
        return CatalogReading(Catalog(root=root, model=CatalogModel(version=1)), tuple(faults))
    model, faults = _check(document)
    in_order = sorted(faults, key=lambda fault: (fault.place.line, fault.place.column))
    return CatalogReading(Catalog(root=root, model=model, document=document), tuple(in_order))


def _find_file(path: Path) -> tuple[Path, Path | None]:
    if path.is_file():
        return path.parent.resolve(), path
    if not path.is_dir():
        raise CatalogError(
            f"There is no catalog at {path}.",
            hint="Name the folder that holds purveyor.yaml or modules/, or the file itself.",
        )
    if (path / FILE_NAME).is_file():
        return path.resolve(), path / FILE_NAME
    # A file system that ignores case shows the same file under other names: list, do not ask.
    present = {each.name for each in path.iterdir()}
    other = next((name for name in _OTHER_NAMES if name in present), None)
    if other is not None:
        raise CatalogError(
            f"The folder {path} has {other} but no {FILE_NAME}.",
            hint=f"Rename it to {FILE_NAME}, or name the file itself.",
        )
    return path.resolve(), None


def _check(document: Document) -> tuple[CatalogModel, list[Fault]]:
    from pydantic import ValidationError

    from purveyor.catalog.model import CatalogModel
    from purveyor.catalog.model_faults import find_model_faults, trail_of

    empty = document.find_empty(below=("defaults", "variables"))
    text = "empty: give it a value, or leave the key out"
    faults = [*document.faults, *(document.fault(trail, text) for trail in empty)]
    try:
        return CatalogModel.model_validate(document.value), faults
    except ValidationError as error:
        found = find_model_faults(error, document, CatalogModel)
        # A value left out or empty has its own fault: it must not be called no mapping too.
        known = {*document.left_out, *empty}
        faults += [fault for fault in found if fault.trail not in known]
        trails = [trail_of(each["loc"], document.value) for each in error.errors()]
        return _keep_sound_parts(document.value, trails), faults


def _keep_sound_parts(value: JsonValue, faulty: Iterable[Trail]) -> CatalogModel:
    """Return a model of the parts without faults: whole top-level keys, and single services."""
    from pydantic import ValidationError

    from purveyor.catalog.model import CatalogModel

    sound = dict(value) if isinstance(value, dict) else {}
    services = sound.get("services")
    kept = dict(services) if isinstance(services, dict) else {}
    for trail in faulty:
        if len(trail) > 1 and trail[0] == "services":
            kept.pop(str(trail[1]), None)
        elif trail:
            sound.pop(str(trail[0]), None)
    try:
        return CatalogModel.model_validate({**sound, "version": 1, "services": kept})
    except ValidationError:
        return CatalogModel(version=1)

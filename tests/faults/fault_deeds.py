"""What a run is asked to do when it is broken, how it is held, and what must exist in the end."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor_faultkit import FolderPlace, Ledger, Rig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.json_text import JsonValue
    from purveyor_faultkit import StatePlace
    from purveyor_faultkit.rig import Asked
    from purveyor_faultkit.started import Started

# Where services that were made once are kept, for every cell that changes or deletes one.
MADE = "FAULTS_MADE"
LOCAL = "{type: local, path: states}"
RENEWED = "visibility_timeout"


@dataclass(frozen=True, slots=True)
class Hold:
    """Where a run is held up: the resource, and the line that it has written by then."""

    name: str
    line: str

    def shut(self, ledger: Ledger) -> None:
        """Close the gate."""
        ledger.shut(self.name, verb=self.line.partition(" ")[0])

    def await_line(self, rig: Rig, started: Started) -> None:
        """Wait until the run stands at the gate."""
        held = started.wait_until(lambda: self.line in rig.ledger.lines())
        assert held, started.end().stderr


@dataclass(frozen=True, slots=True)
class Deed:
    """One operation. `early` is before the first write of a state that can be, `late` after it."""

    action: str
    parameters: Mapping[str, JsonValue]
    wanted: frozenset[str]
    early: Hold
    late: Hold
    engine: str = "apply"
    before: Mapping[str, JsonValue] = field(default_factory=dict)


_QUEUE: Mapping[str, JsonValue] = {"queue_name": "orders"}
CREATE = Deed(
    "create",
    _QUEUE,
    frozenset({"anchor", "beacon"}),
    Hold("anchor", "create anchor"),
    Hold("beacon", "create beacon"),
)
# The anchor stays untouched, the beacon is torn down and built anew.
UPDATE = Deed(
    "update",
    {RENEWED: 30},
    frozenset({"anchor", "beacon-30"}),
    Hold("beacon", "delete beacon"),
    Hold("beacon", "create beacon-30"),
    before=_QUEUE,
)
DELETE = Deed(
    "delete",
    {},
    frozenset(),
    Hold("beacon", "delete beacon"),
    Hold("anchor", "delete anchor"),
    engine="destroy",
    before=_QUEUE,
)
DEEDS = (CREATE, UPDATE, DELETE)


def write_catalog(catalog: Path, ledger: Ledger, backend: str = LOCAL, *, planned: bool) -> None:
    """Write a catalog with one module of the ledger's; `planned` makes a create plan first."""
    guard = "  sqs-queue: {guard: {protect: [aws_db_instance]}}\n" if planned else ""
    services = f"services:\n{guard}" if guard else ""
    catalog.mkdir(parents=True, exist_ok=True)
    (catalog / "purveyor.yaml").write_text(f"version: 1\nbackend: {backend}\n{services}")
    module, renewed = catalog / "modules/sqs-queue", {"beacon": RENEWED}
    ledger.write_module(module, variables=["queue_name"], renewed=renewed)


@contextlib.contextmanager
def opened(
    folder: Path,
    environment: Mapping[str, str],
    *,
    planned: bool = False,
    backend: str = LOCAL,
    place: StatePlace | None = None,
) -> Iterator[Rig]:
    """Make a catalog and run a rig for it."""
    catalog, ledger = folder / "catalog", Ledger(folder / "ledger")
    write_catalog(catalog, ledger, backend, planned=planned)
    place = place or FolderPlace(catalog / "states")
    with Rig.running(catalog, environment, place=place, ledger=ledger) as rig:
        yield rig


def ask(rig: Rig, deed: Deed = CREATE) -> Asked:
    """Ask for the deed; what it changes is built first."""
    if not deed.before:
        return rig.ask("sqs-queue", deed.parameters, action=deed.action)
    kept = Path(rig.environment.get(MADE, ""))
    entity = recall(rig, kept) if isinstance(rig.place, FolderPlace) and kept.name else ""
    if not entity:
        made = rig.ask("sqs-queue", deed.before)
        ended = rig.run(made)
        assert ended.code == 0, ended.stderr
        entity = made.entity
        if isinstance(rig.place, FolderPlace) and kept.name:
            keep(rig, kept, entity)
    return rig.ask("", deed.parameters, action=deed.action, entity=entity)


def keep(rig: Rig, kept: Path, entity: str) -> None:
    """Keep what a real create has left, for the next cells that want one."""
    assert isinstance(rig.place, FolderPlace)
    folder = kept / entity
    shutil.copytree(rig.place.folder, folder / "states")
    shutil.copy(rig.ledger.file, folder / "ledger")


def recall(rig: Rig, kept: Path) -> str:
    """Bring back a service that a real create made; return its id, empty when there is none."""
    assert isinstance(rig.place, FolderPlace)
    for folder in kept.glob("*"):
        shutil.copytree(folder / "states", rig.place.folder, dirs_exist_ok=True)
        shutil.copy(folder / "ledger", rig.ledger.file)
        rig.emulator.create_service(
            "sqs-queue", id=folder.name, status="active", attributes=dict(_QUEUE)
        )
        return folder.name
    return ""

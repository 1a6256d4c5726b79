"""What a run is asked to do when it is broken, how it is held, and what must exist in the end."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor_faultkit import EndedCommand, FolderPlace, Harness, ResourceLog
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from purveyor.json_text import JsonValue
    from purveyor_faultkit import StatePlace
    from purveyor_faultkit.harness import RequestedAction
    from purveyor_faultkit.started import StartedCommand

# Where services that were made once are kept, for every cell that changes or deletes one.
MADE = "FAULTS_MADE"
LOCAL = "{type: local, path: states}"
RENEWED = "visibility_timeout"


@dataclass(frozen=True, slots=True)
class Hold:
    """Where a run is held up: the resource, and the line that it has written by then."""

    name: str
    line: str

    def shut(self, resource_log: ResourceLog) -> None:
        """Close the gate."""
        resource_log.shut(self.name, verb=self.line.partition(" ")[0])

    def await_line(self, harness: Harness, started: StartedCommand) -> None:
        """Wait until the run stands at the gate."""
        held = started.wait_until(lambda: self.line in harness.resource_log.lines())
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


def write_catalog(
    catalog: Path, resource_log: ResourceLog, backend: str = LOCAL, *, planned: bool
) -> None:
    """Write a catalog with one module of the log's; `planned` makes a create plan first."""
    guard = "  sqs-queue: {guard: {protect: [aws_db_instance]}}\n" if planned else ""
    services = f"services:\n{guard}" if guard else ""
    catalog.mkdir(parents=True, exist_ok=True)
    (catalog / "purveyor.yaml").write_text(f"version: 1\nbackend: {backend}\n{services}")
    module, renewed = catalog / "modules/sqs-queue", {"beacon": RENEWED}
    resource_log.write_module(module, variables=["queue_name"], renewed=renewed)


@contextlib.contextmanager
def opened(
    folder: Path,
    environment: Mapping[str, str],
    *,
    planned: bool = False,
    backend: str = LOCAL,
    place: StatePlace | None = None,
) -> Iterator[Harness]:
    """Make a catalog and run a harness for it."""
    catalog, resource_log = folder / "catalog", ResourceLog(folder / "resource_log")
    write_catalog(catalog, resource_log, backend, planned=planned)
    place = place or FolderPlace(catalog / "states")
    with Harness.running(
        catalog, environment, place=place, resource_log=resource_log, call=_call
    ) as harness:
        yield harness


def _call(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> EndedCommand:
    done = run_command(*words, cwd=folder, env=environment)
    return EndedCommand.of(done.returncode, done.stdout, done.stderr)


def request_action(harness: Harness, deed: Deed = CREATE) -> RequestedAction:
    """Ask for the deed; what it changes is built first."""
    if not deed.before:
        return harness.request_action("sqs-queue", deed.parameters, action=deed.action)
    kept = Path(harness.environment.get(MADE, ""))
    entity = recall(harness, kept) if isinstance(harness.place, FolderPlace) and kept.name else ""
    if not entity:
        made = harness.request_action("sqs-queue", deed.before)
        ended = harness.run(made)
        assert ended.code == 0, ended.stderr
        entity = made.entity
        if isinstance(harness.place, FolderPlace) and kept.name:
            keep(harness, kept, entity)
    return harness.request_action("", deed.parameters, action=deed.action, entity=entity)


def keep(harness: Harness, kept: Path, entity: str) -> None:
    """Keep what a real create has left, for the next cells that want one."""
    assert isinstance(harness.place, FolderPlace)
    folder = kept / entity
    shutil.copytree(harness.place.folder, folder / "states")
    shutil.copy(harness.resource_log.file, folder / "resource_log")


def recall(harness: Harness, kept: Path) -> str:
    """Bring back a service that a real create made; return its id, empty when there is none."""
    assert isinstance(harness.place, FolderPlace)
    for folder in kept.glob("*"):
        shutil.copytree(folder / "states", harness.place.folder, dirs_exist_ok=True)
        shutil.copy(folder / "resource_log", harness.resource_log.file)
        harness.emulator.create_service(
            "sqs-queue", id=folder.name, status="active", attributes=dict(_QUEUE)
        )
        return folder.name
    return ""

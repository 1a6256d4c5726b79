"""What the engine's tests share: a module on disk, a local state, and a step over both."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text, process
from purveyor.action import Operation
from purveyor.engines.binary.model import EngineBinary
from purveyor.engines.terraform import TerraformEngine
from purveyor.lock import Lock
from purveyor.plan import Guard
from purveyor.process import Interruption
from purveyor.redaction import Redactor
from purveyor.state_key import OutputValue, StateDocument
from purveyor.step import BackendBlock, ModuleSource, Noticed, StateSlot, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.json_text import JsonValue
    from purveyor.step import StepEvent, StepResult

IDENTITY = "services/0b6b5f3e"


@dataclass
class LocalState:
    """A state in a file; its holder as the engine itself notes it."""

    path: Path

    def document(self) -> dict[str, JsonValue]:
        """Return the state as it is written."""
        value = json_text.parse(self.path.read_text())
        assert isinstance(value, dict)
        return value

    def read(self) -> StateDocument | None:
        """Read what the engine wrote."""
        if not self.path.exists() or not self.path.read_text():
            return None
        document = self.document()
        if "encrypted_data" in document:
            return StateDocument(serial=0, lineage="", resources=0, encrypted=True)
        resources, outputs = document["resources"], document["outputs"]
        assert isinstance(resources, list)
        assert isinstance(outputs, dict)
        return StateDocument(
            serial=int(str(document["serial"])),
            lineage=str(document["lineage"]),
            resources=sum(
                len(each["instances"])
                for each in resources
                if isinstance(each, dict)
                and each["mode"] == "managed"
                and isinstance(each["instances"], list)
            ),
            outputs={
                name: OutputValue(each["value"], sensitive=bool(each.get("sensitive")))
                for name, each in outputs.items()
                if isinstance(each, dict)
            },
        )

    def holder(self) -> Lock | None:
        """Read the note that a holder of the local lock leaves beside the state."""
        note = self.path.with_name(f".{self.path.name}.lock.info")
        try:
            held = json_text.parse(note.read_text())
        except (FileNotFoundError, json_text.JsonTextError):
            return None
        assert isinstance(held, dict)
        return Lock(id=str(held["ID"]), who=str(held["Who"]))


@dataclass
class Bench:
    """An engine, a catalog folder and one state; each run has a fresh private folder."""

    binary: EngineBinary
    environment: Mapping[str, str]
    folder: Path
    events: list[StepEvent] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    interruption: Interruption = field(default_factory=Interruption)
    redactor: Redactor = field(default_factory=Redactor)
    lock_timeout: float = 60.0
    identity: str = IDENTITY
    mirror: Path | str | None = None
    on_event: Callable[[StepEvent], None] | None = None
    newest_workspace: Path = Path()
    state_name: str = "one.tfstate"

    @property
    def catalog(self) -> Path:
        """The catalog's folder."""
        return self.folder / "catalog"

    @property
    def state(self) -> LocalState:
        """The state's file."""
        return LocalState(self.folder / "states" / self.state_name)

    @property
    def engine(self) -> TerraformEngine:
        """The engine as a run would make it."""
        return TerraformEngine(
            lambda: self.binary,
            environment=self.environment,
            cache=self.folder / "cache",
            redactor=self.redactor,
            plugin_mirror=self.mirror,
            say=self.said.append,
        )

    def write(self, files: Mapping[str, str]) -> None:
        """Write files below the catalog's folder."""
        for name, text in files.items():
            path = self.catalog / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, folder: str, *, tag: str) -> None:
        """Make a git repository of a folder of the catalog."""
        for words in (
            ("init", "-q"),
            ("add", "."),
            ("-c", "user.name=a", "-c", "user.email=a@example.test", "commit", "-qm", "One"),
            ("tag", tag),
        ):
            command = process.Command(("git", *words), self.catalog / folder, self.environment)
            assert process.run(command).code == 0

    def workspace(self) -> Path:
        """Make a fresh private folder."""
        self.newest_workspace = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        return self.newest_workspace

    def fetch(self, module: str = "modules/one") -> Path:
        """Fetch a module of the catalog."""
        source = ModuleSource(root=self.catalog, path=Path(module))
        return self.engine.fetch(source, self.workspace())

    def step(
        self,
        operation: Operation,
        variables: Mapping[str, JsonValue],
        *,
        module: str = "modules/one",
        protect: tuple[str, ...] = (),
    ) -> Step:
        """Fetch the module and make the work order."""
        return self.step_in(self.fetch(module), variables, operation=operation, protect=protect)

    def step_in(
        self,
        fetched: Path,
        variables: Mapping[str, JsonValue],
        *,
        operation: Operation = Operation.CREATE,
        protect: tuple[str, ...] = (),
    ) -> Step:
        """Make the work order for a module that is fetched."""
        return Step(
            operation=operation,
            workspace=self.newest_workspace,
            module=fetched,
            variables=variables,
            state=StateSlot(
                block=BackendBlock("local", {"path": str(self.state.path)}),
                access=self.state,
                stamp=self.identity,
                lock_timeout=self.lock_timeout,
            ),
            environment=self.environment,
            guard=Guard(protect),
            interruption=self.interruption,
        )

    def run(self, step: Step) -> StepResult:
        """Carry out the step and note its events."""
        return self.engine.run(step, self.listen)

    def listen(self, event: StepEvent) -> None:
        """Note an event, and do what a test wants done when it comes."""
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def create(self, protect: tuple[str, ...] = (), **variables: str) -> StepResult:
        """Create with these variables."""
        return self.run(self.step(Operation.CREATE, variables, protect=protect))

    def update(self, protect: tuple[str, ...] = (), **variables: str) -> StepResult:
        """Update to these variables."""
        return self.run(self.step(Operation.UPDATE, variables, protect=protect))

    def guarded(self, guard: Guard, **variables: str) -> StepResult:
        """Update to these variables under a whole guard."""
        step = self.step(Operation.UPDATE, variables)
        return self.run(dataclasses.replace(step, guard=guard))

    def delete(self, **variables: str) -> StepResult:
        """Delete."""
        return self.run(self.step(Operation.DELETE, variables))

    def texts(self) -> list[str]:
        """Return the texts of all lines that were noticed."""
        return [event.text for event in self.events if isinstance(event, Noticed)]

    def apart(self) -> Bench:
        """Return a bench on the same catalog and state, with events of its own."""
        return dataclasses.replace(self, events=[], on_event=None, interruption=Interruption())

    def without_program(self) -> Bench:
        """Return a bench whose engine is not there."""
        binary = dataclasses.replace(self.binary, path=self.folder / "nothing")
        return dataclasses.replace(self, binary=binary)

    def with_environment(self, **variables: str) -> Bench:
        """Return a bench whose programs see these variables too."""
        return dataclasses.replace(self, environment={**self.environment, **variables})


@pytest.fixture
def bench(engine: EngineBinary, clean_environment: dict[str, str], tmp_path: Path) -> Bench:
    """A bench for each engine."""
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(engine, clean_environment, folder)


@pytest.fixture
def tofu_bench(tofu: Path, clean_environment: dict[str, str], tmp_path: Path) -> Bench:
    """A bench for OpenTofu alone."""
    folder = tmp_path / "bench"
    folder.mkdir()
    return Bench(EngineBinary(tofu, "opentofu", "1.10.0"), clean_environment, folder)

"""A store with a journal, the emulator, a double of GitHub, and a sweep between them."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.catalog import load_catalog
from purveyor.clock import Clock
from purveyor.dispatch import cancel, look_up
from purveyor.journal import Beat, Begin, Claimed, End, Journal
from purveyor.redaction import Redactor
from purveyor.reporter import open_reporter
from purveyor.run_identity import RunIdentity
from purveyor.settings import Settings
from purveyor.sweep import Sweeper, Swept, sweep

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ci_api_fixtures import CiDouble
    from purveyor.backends import Backend
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.record_store import RecordStore
    from purveyor_emulator import Emulator

RUNNER = "runner-7"
LOST = "RUNNER_LOST"


@dataclass(slots=True)
class Stage:
    """One catalog whose actions ran on GitHub. `naps` are the pauses that sweeps made."""

    catalog: Path
    emulator: Emulator
    double: CiDouble
    environment: Mapping[str, str]
    naps: list[float] = field(default_factory=list)
    engine_here: bool = False
    settings: Settings = field(init=False)
    backend: Backend = field(init=False)
    records: RecordStore = field(init=False)
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        """Open the store as the command does."""
        found = load_catalog(self.catalog)
        self.settings = Settings(
            {
                **self.environment,
                **self.emulator.environment(),
                "GITHUB_API_URL": self.double.url,
                "GITHUB_TOKEN": "t0ken-t0ken",
                "PURVEYOR_PLATFORM_PATIENCE": "1",
            }
        )
        self.backend = open_backend(found.model.backend, root=found.root, settings=self.settings)
        records = self.backend.records
        assert records is not None
        self.records = records
        self.journal = Journal(records, time.time)

    def sweeper(self, **changes: object) -> Sweeper:
        """Return what a sweep needs; nothing sleeps."""
        sweeper = Sweeper(
            journal=self.journal,
            states=self.backend,
            look_up=partial(look_up, settings=self.settings),
            cancel=partial(cancel, settings=self.settings),
            engine_runs_here=lambda: self.engine_here,
            open_reporter=partial(open_reporter, self.settings, Redactor(())),
            clock=Clock(time.monotonic, time.time, self.naps.append),
        )
        return dataclasses.replace(sweeper, **changes)  # type: ignore[arg-type]  # named fields

    def sweep(self, **changes: object) -> Swept:
        """Sweep once."""
        return sweep(self.sweeper(**changes))

    def begin(self, *, run: int = 100, attempt: int = 1, ago: float = 1000.0) -> Begin:
        """Let a run of GitHub claim a new action of a new service, some seconds ago."""
        service = self.emulator.create_service("mysql-database", name="orders-db")
        sent = self.emulator.request_action(
            str(service["id"]), "create", {"database_name": "orders"}
        )
        inner = sent["notification"]
        assert isinstance(inner, dict)
        begin = Begin(
            action=str(inner["id"]),
            attempt=1,
            digest="d",
            kind="service",
            entity=str(service["id"]),
            service=str(service["id"]),
            operation="create",
            state_key="",
            identity=RunIdentity(
                "github",
                run=str(run),
                attempt=attempt,
                url=f"https://github.com/acme/infra/actions/runs/{run}",
                project="acme/infra",
                host=RUNNER,
            ),
            at=time.time() - ago,
            slug="orders-db",
            specification=_id(inner["service"]),
            action_specification=_id(inner),
        )
        return self.follow(begin)

    def follow(self, begin: Begin) -> Begin:
        """Claim, as a run does."""
        claimed = self.journal.claim(begin, is_dead=lambda _: True)
        assert isinstance(claimed, Claimed)
        return claimed.begin

    def beat(self, begin: Begin, *, ago: float, lock_id: str = "") -> None:
        """Show a sign of life, some seconds ago."""
        self.journal.beat(begin, Beat(at=time.time() - ago, phase="apply", lock_id=lock_id))

    def end(self, begin: Begin, *, ago: float = 1000.0, **fields: JsonValue) -> None:
        """Write a success, some seconds ago."""
        kept = {"status": "success", "reason": "DONE", "results": {"endpoint": "db"}, **fields}
        end = End(at=time.time() - ago, exit_code=0, message="Created.", **kept)  # type: ignore[arg-type]  # fields of End
        assert self.journal.end(begin, end)

    def shown(self, begin: Begin) -> JsonValue:
        """Return the status that the platform shows."""
        return self.emulator.action(begin.action)["status"]

    def open(self) -> list[str]:
        """Return the open actions."""
        return list(self.journal.open_actions())


def lock_text(*, ago: float, who: str = f"ci@{RUNNER}", lock_id: str = "l-1") -> str:
    """Return a lock as the engines write it."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.5Z", time.gmtime(time.time() - ago))
    return json_text.write(
        {
            "ID": lock_id,
            "Operation": "OperationTypeApply",
            "Who": who,
            "Version": "1.11.4",
            "Created": moment,
            "Path": "x",
            "Info": "",
        }
    )


def _id(thing: JsonValue) -> str:
    assert isinstance(thing, dict)
    specification: JsonValue = thing["specification"]
    assert isinstance(specification, dict)
    return str(specification["id"])


def write_catalog(root: Path, backend: JsonObject) -> Path:
    """Write a catalog without services."""
    root.mkdir(parents=True, exist_ok=True)
    document: JsonObject = {"version": 1, "backend": backend}
    (root / "purveyor.yaml").write_text(json_text.write(document))
    return root

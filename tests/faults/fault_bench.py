"""One cell of the matrix: a fault in a phase, what is left, and what the next run makes of it."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.testing import (
    MACHINE_LOST,
    FolderPlace,
    Ledger,
    Rig,
    Schedule,
    Sight,
    find_broken,
)
from purveyor.testing.processes import find_engine, find_marked
from purveyor.testing.sight import NextRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from purveyor.emulator import Emulator
    from purveyor.testing import StatePlace
    from purveyor.testing.rig import Asked
    from purveyor.testing.started import Started

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/infra",
    "GITHUB_RUN_ID": "100",
    "GITHUB_RUN_ATTEMPT": "1",
}
LOCAL = "{type: local, path: states}"


class Phase(enum.Enum):
    """Where in its life a run is hit."""

    BEFORE_CLAIM = "before the claim"
    AFTER_CLAIM = "after the claim"
    INIT = "init"
    PLAN = "plan"
    APPLY_BEFORE = "apply, before the first state write"
    APPLY_AFTER = "apply, after the first state write"
    BEFORE_END = "before the journal's end"
    REPORTING = "while reporting"


@dataclass(frozen=True, slots=True)
class Row:
    """What a cell showed; `told_by` is who set the final status."""

    fault: str
    phase: str
    status: str
    told_by: str
    lock: str
    state: str
    following: str
    broken: tuple[str, ...] = ()

    @property
    def cell(self) -> str:
        """Name the cell."""
        return f"{self.fault} / {self.phase}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the promises that are broken, without what they are broken for."""
        return tuple(each.partition(":")[0] for each in self.broken)


def write_catalog(catalog: Path, ledger: Ledger, backend: str = LOCAL, *, planned: bool) -> None:
    """Write a catalog with one module of the ledger's; `planned` makes a create plan first."""
    guard = "  sqs-queue: {guard: {protect: [aws_db_instance]}}\n" if planned else ""
    services = f"services:\n{guard}" if guard else ""
    catalog.mkdir(parents=True, exist_ok=True)
    (catalog / "purveyor.yaml").write_text(f"version: 1\nbackend: {backend}\n{services}")
    ledger.write_module(catalog / "modules/sqs-queue", variables=["queue_name"])


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


def ask(rig: Rig) -> Asked:
    """Ask for a queue."""
    return rig.ask("sqs-queue", {"queue_name": "orders"})


def bring(rig: Rig, asked: Asked, phase: Phase, **environ: str) -> Started:
    """Start a run and return it when it is in the phase."""
    emulator, ledger = rig.emulator, rig.ledger
    attempt = rig.catalog / f"states/journal/actions/{asked.id}/1"
    if phase is Phase.BEFORE_CLAIM:
        emulator.fault("latency", seconds=0.7)
        started = rig.start(asked, **environ)
        assert started.wait_until(emulator.requests), started.end().stderr
        return started
    if phase in {Phase.INIT, Phase.PLAN}:
        started = rig.start(asked, **environ)
        assert started.wait_for_engine(phase.value), started.end().stderr
        return started
    if phase is Phase.AFTER_CLAIM:
        started = rig.start(asked, **environ)
        assert started.wait_until((attempt / "begin.json").exists), started.end().stderr
        return started
    name = "anchor" if phase is Phase.APPLY_BEFORE else "beacon"
    ledger.shut(name)
    started = rig.start(asked, **environ)
    assert started.wait_until(lambda: f"create {name}" in ledger.lines()), started.end().stderr
    if phase is Phase.REPORTING:
        report(emulator, attempt, started, ledger)
    if phase is Phase.BEFORE_END:
        started.pause()
        ledger.open()
        while find_engine(started.mark, "apply"):
            time.sleep(0.005)
    return started


def report(emulator: Emulator, attempt: Path, started: Started, ledger: Ledger) -> None:
    """Let the engine end, and the platform answer late."""
    emulator.fault("latency", seconds=1.0, method="PATCH", count=2)
    ledger.open()
    assert started.wait_until((attempt / "end.json").exists), started.end().stderr


def play(rig: Rig, fault: Schedule, phase: Phase) -> Row:
    """Hit a run in a phase, let the CI do what it does after that, and press the button again."""
    asked = ask(rig)
    started = bring(rig, asked, phase)
    started.strike(fault)
    if not fault.machine:
        started.sweep()
    started.end()
    return follow_up(rig, asked, (fault.name, phase.value), started, machine=fault.machine)


def play_again(rig: Rig, phase: Phase) -> Row:
    """Lose the machine in a phase; then somebody starts that very CI run again, before any sweep.

    What the table calls the next run is that one.
    """
    asked = ask(rig)
    started = bring(rig, asked, phase, **GITHUB)
    started.strike(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    rig.ledger.open()
    sight = rig.look(asked)
    again = rig.run(asked, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    doubled = tuple(rig.ledger.doubled())
    state = tuple(rig.look(asked).state)
    following = NextRun(again.code, again.reason, doubled, state)
    told = rig.look(asked)
    return Row(
        fault="machine lost, run started again",
        phase=phase.value,
        status=told.status,
        told_by="run",
        lock="held" if told.locked else "free",
        state=describe(sight),
        following=f"{again.code} {again.reason}",
        broken=tuple(find_broken(dataclasses.replace(sight, status=told.status), following)),
    )


def follow_up(
    rig: Rig, asked: Asked, name: tuple[str, str], started: Started, *, machine: bool = True
) -> Row:
    """Do what comes after a fault, and judge: finish, the job's end, sweep, the next run.

    Without the `machine` there is no finish. `name` is the fault and the phase.
    """
    rig.emulator.clear_faults()
    rig.ledger.open()
    told = "run" if rig.look(asked).status in FINAL else ""
    if machine:
        rig.finish(asked)
    told = told or ("finish" if rig.look(asked).status in FINAL else "")
    wait_for_quiet(started)
    started.sweep()
    if not told:
        let_time_pass(rig, asked)
        place = ":".join(rig.emulator.nrn.split(":")[:2])
        rig.sweep("--nrn", place, PURVEYOR_DEAD_AFTER="0")
        told = "sweep" if rig.look(asked).status in FINAL else ""
    sight = rig.look(asked)
    following = rig.follow(asked, was=sight)
    shown = f"{following.code} {following.reason}"
    return Row(
        fault=name[0],
        phase=name[1],
        status=sight.status,
        told_by=told or "nobody",
        lock="held" if sight.locked else "free",
        state=describe(sight),
        following=shown,
        broken=tuple(find_broken(sight, following)),
    )


FINAL = frozenset({"success", "failed", "cancelled"})


def let_time_pass(rig: Rig, asked: Asked, seconds: float = 400.0) -> None:
    """Make the attempt's signs of life older, so that nobody has to wait for five minutes.

    The action itself looks three hours older: so long may it have waited for its run.
    """
    rig.emulator.age_action(asked.id, 3 * 3600)
    then = time.time() - seconds
    for path in rig.catalog.glob(f"states/journal/actions/{asked.id}/*/*.json"):
        record = json_text.parse(path.read_text())
        if isinstance(record, dict) and "at" in record:
            path.write_text(json_text.write({**record, "at": float(str(record["at"])) - seconds}))
            os.utime(path, (then, then))


def wait_for_quiet(started: Started, seconds: float = 5.0) -> None:
    """Wait for an engine that outlived its run."""
    end = time.monotonic() + seconds
    while find_marked(started.mark) and time.monotonic() < end:
        time.sleep(0.02)


def describe(sight: Sight) -> str:
    """Say how many exist and how many of them are in the state."""
    existing = [name for name, count in sight.exists.items() if count > 0]
    if not existing:
        return "nothing exists"
    known = len(existing) - len(sight.missing)
    tainted = sum(sight.state.values())
    more = f", {tainted} tainted" if tainted else ""
    return f"{known} of {len(existing)} that exist{more}"

"""One cell of the matrix: a fault in a phase, what is left, and what the next run makes of it."""

from __future__ import annotations

import dataclasses
import enum
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fault_deeds import CREATE, DELETE, Deed, ask

from purveyor_faultkit import ENGINE_KILLED, MACHINE_LOST, Rig, Schedule, Sight, find_broken
from purveyor_faultkit.processes import find_engine, find_marked
from purveyor_faultkit.sight import NextRun

if TYPE_CHECKING:
    from purveyor_faultkit.rig import Asked
    from purveyor_faultkit.started import Started

GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/infra",
    "GITHUB_RUN_ID": "100",
    "GITHUB_RUN_ATTEMPT": "1",
}


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
    operation: str = "create"

    @property
    def cell(self) -> str:
        """Name the cell."""
        return f"{self.operation} / {self.fault} / {self.phase}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the promises that are broken, without what they are broken for."""
        return tuple(each.partition(":")[0] for each in self.broken)


def bring(rig: Rig, asked: Asked, phase: Phase, deed: Deed = CREATE, **environ: str) -> Started:
    """Start a run and return it when it is in the phase."""
    attempt = rig.catalog / f"states/journal/actions/{asked.id}/1"
    if phase in {Phase.BEFORE_CLAIM, Phase.AFTER_CLAIM, Phase.INIT, Phase.PLAN}:
        return bring_early(rig, asked, phase, **environ)
    hold = deed.early if phase is Phase.APPLY_BEFORE else deed.late
    hold.shut(rig.ledger)
    started = rig.start(asked, **environ)
    hold.await_line(rig, started)
    if phase is Phase.REPORTING:
        rig.emulator.fault("latency", seconds=1.0, method="PATCH", count=2)
        rig.ledger.open()
        assert started.wait_until((attempt / "end.json").exists), started.end().stderr
    if phase is Phase.BEFORE_END:
        started.pause()
        rig.ledger.open()
        while find_engine(started.mark, deed.engine):
            time.sleep(0.01)
    return started


def bring_early(rig: Rig, asked: Asked, phase: Phase, **environ: str) -> Started:
    """Start a run and return it before anything has been changed."""
    before = len(rig.emulator.requests())
    claimed = rig.catalog / f"states/journal/actions/{asked.id}/1/begin.json"
    if phase is Phase.BEFORE_CLAIM:
        rig.emulator.fault("latency", seconds=0.7)
    started = rig.start(asked, **environ)
    match phase:
        case Phase.BEFORE_CLAIM:
            there = started.wait_until(lambda: len(rig.emulator.requests()) > before)
        case Phase.AFTER_CLAIM:
            there = started.wait_until(claimed.exists)
        case _:
            there = started.wait_for_engine(phase.value)
    assert there, started.end().stderr
    return started


def play(rig: Rig, fault: Schedule, phase: Phase, deed: Deed = CREATE) -> Row:
    """Hit a run in a phase, let the CI do what it does after that, and press the button again."""
    asked = ask(rig, deed)
    started = bring(rig, asked, phase, deed)
    started.strike(fault)
    if not fault.machine:
        started.sweep()
    if fault is ENGINE_KILLED:
        rig.ledger.open()
    started.end()
    name = (fault.name, phase.value)
    return follow_up(rig, asked, name, started, deed=deed, machine=fault.machine)


def play_again(rig: Rig, phase: Phase, deed: Deed = CREATE) -> Row:
    """Lose the machine in a phase; then somebody starts that very CI run again, before any sweep.

    What the table calls the next run is that one.
    """
    asked = ask(rig, deed)
    started = bring(rig, asked, phase, deed, **GITHUB)
    started.strike(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    rig.ledger.open()
    sight = rig.look(asked)
    again = rig.run(asked, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    told = rig.look(asked)
    following = NextRun(
        again.code,
        again.reason,
        tuple(rig.ledger.doubled()),
        tuple(told.state),
        told.exists,
        tuple(rig.ledger.torn_down()),
        told.locked,
    )
    sight = dataclasses.replace(sight, status=told.status)
    if told.status == "success":
        sight = told
    return Row(
        operation=deed.action,
        fault="machine lost, run started again",
        phase=name_phase(phase.value, deed),
        status=told.status,
        told_by="run",
        lock="held" if told.locked else "free",
        state=describe(sight),
        following=f"{again.code} {again.reason}",
        broken=tuple(find_broken(sight, following, wanted=deed.wanted)),
    )


def follow_up(
    rig: Rig,
    asked: Asked,
    name: tuple[str, str],
    started: Started,
    *,
    deed: Deed = CREATE,
    machine: bool = True,
) -> Row:
    """Do what comes after a fault, and judge: finish, the job's end, sweep, the next run.

    Without the `machine` there is no finish. `name` is the fault and the phase.
    """
    rig.emulator.clear_faults()
    rig.ledger.open()
    told = _give_ending(rig, asked, started, machine=machine)
    sight = rig.look(asked)
    following = rig.follow(asked, was=sight)
    shown = f"{following.code} {following.reason}" if following.reason else "-"
    broken = find_broken(sight, following, wanted=deed.wanted)
    if deed is DELETE and following.reason == "NEEDS_RECOVERY":
        # What was torn down cannot be built twice: once somebody has looked, it has to end.
        assert rig.settle(asked).code == 0
        last = rig.follow(asked, was=sight)
        shown += f"; settled: {last.code} {last.reason}"
        broken += find_broken(sight, last, wanted=deed.wanted)
        # While another cell's engine runs here, the sweep leaves a lost lock of this machine alone.
        stuck = last.code and last.reason != "STATE_LOCKED"
        broken += [f"no delete ends: {last.reason}"] if stuck else []
    return Row(
        operation=deed.action,
        fault=name[0],
        phase=name_phase(name[1], deed),
        status=sight.status,
        told_by=told,
        lock="held" if sight.locked else "free",
        state=describe(sight),
        following=shown,
        broken=tuple(broken),
    )


FINAL = frozenset({"success", "failed", "cancelled"})


def _give_ending(rig: Rig, asked: Asked, started: Started, *, machine: bool) -> str:
    """Finish, end the job, sweep; return which command told the platform the ending."""
    told = "run" if rig.look(asked).status in FINAL else ""
    if machine:
        rig.finish(asked)
    told = told or ("finish" if rig.look(asked).status in FINAL else "")
    wait_for_quiet(started)
    started.sweep()
    if not told:
        let_time_pass(rig, asked)
        rig.sweep("--every-entity", "--nrn", ":".join(rig.emulator.nrn.split(":")[:2]))
        told = "sweep" if rig.look(asked).status in FINAL else "nobody"
    return told


def let_time_pass(rig: Rig, asked: Asked, seconds: float = 400.0) -> None:
    """Make the attempt's signs of life older, so that nobody has to wait for five minutes.

    The action itself looks three hours older: so long may it have waited for its run.
    """
    rig.emulator.age_action(asked.id, 3 * 3600)
    for path in rig.catalog.glob(f"states/journal/actions/{asked.id}/*/*.json"):
        old = path.stat().st_mtime - seconds
        os.utime(path, (old, old))


def name_phase(phase: str, deed: Deed) -> str:
    """Return a phase as the operation's engine calls it."""
    return phase.replace("apply", deed.engine)


def wait_for_quiet(started: Started, seconds: float = 5.0) -> None:
    """Wait for an engine that outlived its run."""
    end = time.monotonic() + seconds
    while find_marked(started.mark) and time.monotonic() < end:
        time.sleep(0.02)


def describe(sight: Sight) -> str:
    """Say how many exist and how many of them are in the state, and what is only in the state."""
    existing = [name for name, count in sight.exists.items() if count > 0]
    known = len(existing) - len(sight.missing)
    tainted = sum(sight.state.values())
    gone = len(set(sight.state) - set(existing))
    text = f"{known} of {len(existing)} that exist" if existing else "nothing exists"
    text += f", {tainted} tainted" if tainted else ""
    return text + (f", {gone} that is gone" if gone else "")

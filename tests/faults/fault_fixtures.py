"""One cell of the matrix: a fault in a phase, what is left, and what the next run makes of it."""

from __future__ import annotations

import dataclasses
import enum
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fault_deeds import CREATE, DELETE, Deed, request_action

from purveyor_faultkit import (
    ENGINE_KILLED,
    MACHINE_LOST,
    Harness,
    Observation,
    Schedule,
    find_broken,
)
from purveyor_faultkit.observation import NextRun
from purveyor_faultkit.processes import find_engine, find_marked

if TYPE_CHECKING:
    from purveyor_faultkit.harness import RequestedAction
    from purveyor_faultkit.started import StartedCommand

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


def bring(
    harness: Harness, requested: RequestedAction, phase: Phase, deed: Deed = CREATE, **environ: str
) -> StartedCommand:
    """Start a run and return it when it is in the phase."""
    attempt = harness.catalog / f"states/journal/actions/{requested.id}/1"
    if phase in {Phase.BEFORE_CLAIM, Phase.AFTER_CLAIM, Phase.INIT, Phase.PLAN}:
        return bring_early(harness, requested, phase, **environ)
    hold = deed.early if phase is Phase.APPLY_BEFORE else deed.late
    hold.shut(harness.resource_log)
    started = harness.start(requested, **environ)
    hold.await_line(harness, started)
    if phase is Phase.REPORTING:
        harness.emulator.fault("latency", seconds=1.0, method="PATCH", count=2)
        harness.resource_log.open()
        assert started.wait_until((attempt / "end.json").exists), started.end().stderr
    if phase is Phase.BEFORE_END:
        started.pause()
        harness.resource_log.open()
        while find_engine(started.mark, deed.engine):
            time.sleep(0.01)
    return started


def bring_early(
    harness: Harness, requested: RequestedAction, phase: Phase, **environ: str
) -> StartedCommand:
    """Start a run and return it before anything has been changed."""
    before = len(harness.emulator.requests())
    claimed = harness.catalog / f"states/journal/actions/{requested.id}/1/begin.json"
    if phase is Phase.BEFORE_CLAIM:
        harness.emulator.fault("latency", seconds=0.7)
    started = harness.start(requested, **environ)
    match phase:
        case Phase.BEFORE_CLAIM:
            there = started.wait_until(lambda: len(harness.emulator.requests()) > before)
        case Phase.AFTER_CLAIM:
            there = started.wait_until(claimed.exists)
        case _:
            there = started.wait_for_engine(phase.value)
    assert there, started.end().stderr
    return started


def play(harness: Harness, fault: Schedule, phase: Phase, deed: Deed = CREATE) -> Row:
    """Hit a run in a phase, let the CI do what it does after that, and press the button again."""
    requested = request_action(harness, deed)
    started = bring(harness, requested, phase, deed)
    started.send_signals(fault)
    if not fault.machine:
        started.kill_all()
    if fault is ENGINE_KILLED:
        harness.resource_log.open()
    started.end()
    name = (fault.name, phase.value)
    return follow_up(harness, requested, name, started, deed=deed, machine=fault.machine)


def play_again(harness: Harness, phase: Phase, deed: Deed = CREATE) -> Row:
    """Lose the machine in a phase; then somebody starts that very CI run again, before any sweep.

    What the table calls the next run is that one.
    """
    requested = request_action(harness, deed)
    started = bring(harness, requested, phase, deed, **GITHUB)
    started.send_signals(MACHINE_LOST)
    started.end()
    wait_for_quiet(started)
    harness.resource_log.open()
    observation = harness.observe(requested)
    again = harness.run(requested, **{**GITHUB, "GITHUB_RUN_ATTEMPT": "2"})
    told = harness.observe(requested)
    following = NextRun(
        again.code,
        again.reason,
        tuple(harness.resource_log.doubled()),
        tuple(told.state),
        told.exists,
        tuple(harness.resource_log.torn_down()),
        told.locked,
    )
    observation = dataclasses.replace(observation, status=told.status)
    if told.status == "success":
        observation = told
    return Row(
        operation=deed.action,
        fault="machine lost, run started again",
        phase=name_phase(phase.value, deed),
        status=told.status,
        told_by="run",
        lock="held" if told.locked else "free",
        state=describe(observation),
        following=f"{again.code} {again.reason}",
        broken=tuple(find_broken(observation, following, wanted=deed.wanted)),
    )


def follow_up(
    harness: Harness,
    requested: RequestedAction,
    name: tuple[str, str],
    started: StartedCommand,
    *,
    deed: Deed = CREATE,
    machine: bool = True,
) -> Row:
    """Do what comes after a fault, and judge: finish, the job's end, sweep, the next run.

    Without the `machine` there is no finish. `name` is the fault and the phase.
    """
    harness.emulator.clear_faults()
    harness.resource_log.open()
    told = _give_ending(harness, requested, started, machine=machine)
    observation = harness.observe(requested)
    following = harness.run_again(requested, was=observation)
    shown = f"{following.code} {following.reason}" if following.reason else "-"
    broken = find_broken(observation, following, wanted=deed.wanted)
    if deed is DELETE and following.reason == "NEEDS_RECOVERY":
        # What was torn down cannot be built twice: once somebody has looked, it has to end.
        assert harness.settle(requested).code == 0
        last = harness.run_again(requested, was=observation)
        shown += f"; settled: {last.code} {last.reason}"
        broken += find_broken(observation, last, wanted=deed.wanted)
        # While another cell's engine runs here, the sweep leaves a lost lock of this machine alone.
        stuck = last.code and last.reason != "STATE_LOCKED"
        broken += [f"no delete ends: {last.reason}"] if stuck else []
    return Row(
        operation=deed.action,
        fault=name[0],
        phase=name_phase(name[1], deed),
        status=observation.status,
        told_by=told,
        lock="held" if observation.locked else "free",
        state=describe(observation),
        following=shown,
        broken=tuple(broken),
    )


FINAL = frozenset({"success", "failed", "cancelled"})


def _give_ending(
    harness: Harness, requested: RequestedAction, started: StartedCommand, *, machine: bool
) -> str:
    """Finish, end the job, sweep; return which command told the platform the ending."""
    told = "run" if harness.observe(requested).status in FINAL else ""
    if machine:
        harness.finish(requested)
    told = told or ("finish" if harness.observe(requested).status in FINAL else "")
    wait_for_quiet(started)
    started.kill_all()
    if not told:
        let_time_pass(harness, requested)
        harness.sweep("--every-entity", "--nrn", ":".join(harness.emulator.nrn.split(":")[:2]))
        told = "sweep" if harness.observe(requested).status in FINAL else "nobody"
    return told


def let_time_pass(harness: Harness, requested: RequestedAction, seconds: float = 400.0) -> None:
    """Make the attempt's signs of life older, so that nobody has to wait for five minutes.

    The action itself looks three hours older: so long may it have waited for its run.
    """
    harness.emulator.age_action(requested.id, 3 * 3600)
    for path in harness.catalog.glob(f"states/journal/actions/{requested.id}/*/*.json"):
        old = path.stat().st_mtime - seconds
        os.utime(path, (old, old))


def name_phase(phase: str, deed: Deed) -> str:
    """Return a phase as the operation's engine calls it."""
    return phase.replace("apply", deed.engine)


def wait_for_quiet(started: StartedCommand, seconds: float = 5.0) -> None:
    """Wait for an engine that outlived its run."""
    end = time.monotonic() + seconds
    while find_marked(started.mark) and time.monotonic() < end:
        time.sleep(0.02)


def describe(observation: Observation) -> str:
    """Say how many exist and how many of them are in the state, and what is only in the state."""
    existing = [name for name, count in observation.exists.items() if count > 0]
    known = len(existing) - len(observation.missing)
    tainted = sum(observation.state.values())
    gone = len(set(observation.state) - set(existing))
    text = f"{known} of {len(existing)} that exist" if existing else "nothing exists"
    text += f", {tainted} tainted" if tainted else ""
    return text + (f", {gone} that is gone" if gone else "")

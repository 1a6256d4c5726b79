"""The processes: a run, what its CI runs after it, and a sweep, each by the product's own code."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.attempt import LocalRuns, ThisRun
from purveyor.dispatch import RunState
from purveyor.errors import PurveyorError
from purveyor.finish import Finisher, Processes
from purveyor.journal import Capsules, Journal
from purveyor.provision import Provisioner, StepTools
from purveyor.redaction import Redactor
from purveyor.run_identity import SWEEP, RunIdentity
from purveyor.sweep import Search, sweep
from purveyor.sweep import Sweeper as Sweeping
from simulator.platform import SimPendingActions, SimReporter

if TYPE_CHECKING:
    from simulator.entity import Engine, States
    from simulator.platform import Platform
    from simulator.store import MemoryStore
    from simulator.world import Job, World

_UNCLAIMED_AFTER = 7200.0
_FINISH_WAITS = 200.0
_RECIPE: Any = SimpleNamespace(lock_timeout=60.0, steps=(), stateless=False)
_REDACTOR = Redactor(())


def _never(_: object) -> Any:
    raise AssertionError("no engine is opened here")


class Disk:
    """A machine's disk, where runs leave what a later process is to find."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self.read = self._texts.get

    def put(self, path: str, text: str) -> None:
        """Write a text."""
        self._texts[path] = text

    def remove(self, path: str) -> None:
        """Remove it."""
        self._texts.pop(path, None)


@dataclass(slots=True)
class House:
    """What all processes share: the store, the states, the platform and the CI's books."""

    world: World
    store: MemoryStore
    states: States
    platform: Platform
    jobs: dict[str, Job] = field(default_factory=dict)

    def journal(self, job: Job) -> Journal:
        """Open the journal from one machine."""
        return Journal(self.store, job.wall_clock, age=self.store.age)

    def ask_ci(self, identity: RunIdentity, host: str = "") -> RunState:
        """Ask the CI whether a run lives; one of a machine is looked for there."""
        if identity.ci == SWEEP:
            return RunState(False, "a sweep took it")
        if identity.ci == "terminal":
            self.world.step(f"look for the process {identity.pid}")
            tasks = self.jobs[f"pid {identity.pid}"].tasks
            lives = any(each.group == "run" for each in tasks)
            return RunState(lives if host == identity.host else None, "its process was looked for")
        if self.world.step(f"ask the CI about {identity.run}.{identity.attempt}"):
            return RunState(None, "no answer")
        over = self.world.now >= self.jobs[f"{identity.run}.{identity.attempt}"].over_at
        return RunState(not over, "over" if over else "in progress")


class Run:
    """One delivery of an action to a job, and what the job does after its run."""

    def __init__(self, house: House, job: Job, action: str, *, number: str, attempt: int) -> None:
        self.house = house
        self.job = job
        self.action = action
        self.number, self.attempt = number, attempt
        self.engine: Engine | None = None
        self.identity = RunIdentity(
            ci="github", run=number, attempt=attempt, host=job.host, boot="boot", pid=1
        )
        self._local_runs: Any = LocalRuns(Disk())  # type: ignore[arg-type]
        self._finished = False
        house.jobs[f"{number}.{attempt}"] = job
        shown = house.platform.actions[action]
        entity = Entity(Kind.SERVICE, shown.thing.name, "x", Specification("s-1", "thing"))
        self.context = ActionContext(
            id=action, operation=Operation.CREATE, service=entity, digest=action
        )

    def start(self, *, after: float) -> None:
        """Begin the job's run in `after` seconds; the CI goes on when it has ended or is killed."""
        task = self.job.world.spawn(self.job, self.job.name, self._run, after=after)
        task.on_end = self._go_on

    def _run(self) -> None:
        self._provisioner().provision(self.context)

    def _go_on(self) -> None:
        world, job = self.job.world, self.job
        if not job.lost:
            task = world.spawn(job, f"{job.name} finish", self._finish, group="finish")
            task.on_end = self._end_job

    def _end_job(self) -> None:
        if not self.job.lost:
            self.job.end()

    def _finish(self) -> None:
        finisher = Finisher(
            run=self._this_run(),
            reporter=SimReporter(self.house.platform, self.job),
            resolve=lambda _: _RECIPE,
            open_places=lambda _: self._places(),
            open_engine=_never,
            say=lambda _: None,
            wait=_FINISH_WAITS,
            processes=Processes(self._is_alive, lambda _: [], lambda *_: None),
        )
        try:
            finisher.finish(self.context)
        except PurveyorError as error:
            self.job.world.note(f"{self.job.name} finish: {error.message}")

    def _is_alive(self, pid: int, mark: str) -> bool:
        """Look for the run, which is 1, or for its engine."""
        del mark
        self.job.world.step("look for the run's processes")
        group = "run" if pid == 1 else "engine"
        return any(each.group == group for each in self.job.tasks)

    def _places(self) -> Any:
        house = self.house
        return SimpleNamespace(
            journal=house.journal(self.job),
            backend=house.states,
            capsules=Capsules(house.store),
            open_recovery=_never,
            engine=self.engine,
            job_run=self,
        )

    def _this_run(self) -> ThisRun:
        return ThisRun(
            identity=self.identity,
            clock=self.job.clock(),
            is_dead=lambda identity: self.house.ask_ci(identity, self.job.host).dead,
            local_runs=self._local_runs,
        )

    def _provisioner(self) -> Provisioner:
        logins: Any = SimpleNamespace(stop=lambda: None)
        never: Any = SimpleNamespace(requested=False, timed_out=False)
        return Provisioner(
            resolve=lambda _: _RECIPE,
            outline=lambda _: _RECIPE,
            reporter=SimReporter(self.house.platform, self.job),
            open_places=lambda _: self._places(),
            run=self._this_run(),
            tools=StepTools(
                open_engine=_never,
                logins=logins,
                environment={},
                redactor=_REDACTOR,
                listen=lambda _: None,
                interruption=never,
                choose_lock_timeout=lambda _: 60.0,
            ),
        )


class SweepJob:
    """A scheduled job that sweeps once."""

    def __init__(self, house: House, job: Job) -> None:
        self._house = house
        self._job = job

    def start(self, *, after: float) -> None:
        """Begin in `after` seconds."""
        task = self._job.world.spawn(self._job, self._job.name, self.sweep, after=after)
        task.on_end = self._job.end

    def sweep(self) -> None:
        """Sweep."""
        house, job = self._house, self._job
        search = Search(
            open_pending_actions=lambda: SimPendingActions(house.platform),  # type: ignore[arg-type,return-value]
            places=("organization=1",),
            after=_UNCLAIMED_AFTER,
            statuses=("active",),
            serves=lambda *_: True,
            identity=RunIdentity(ci=SWEEP, host=job.host),
        )
        sweeper = Sweeping(
            journal=house.journal(job),
            states=house.states,  # type: ignore[arg-type]
            look_up=lambda identity: house.ask_ci(identity, job.host),
            cancel=lambda _: "",
            engine_runs_here=lambda: False,
            open_reporter=lambda: SimReporter(house.platform, job),
            clock=job.clock(),
            search=search,
        )
        try:
            sweep(sweeper)
        except PurveyorError as error:
            job.world.note(f"{job.name}: {error.message}")

"""The product's own code in a simulated world: what it takes from outside is the world's."""

from __future__ import annotations

import contextlib
import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from purveyor import process
from purveyor.attempt import Attempt, MarkedChange, heartbeat
from purveyor.errors import EngineError, RecoveryError, StateLockedError
from purveyor.finish import ending as finish_ending
from purveyor.finish import waiting
from purveyor.finish.remains import Remains
from purveyor.journal import journal
from purveyor.plan import Verb
from purveyor.provision import checks, sequence
from purveyor.provision.endings import succeed
from purveyor.provision.results import Results
from purveyor.receiver import app as receiver
from purveyor.receiver import missed
from purveyor.step import ResourceMoved
from simulator.entity import Engine, Proof, StateView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.attempt import LocalRun
    from purveyor.lock import Lock
    from purveyor.outcome import Outcome
    from simulator.runs import Run
    from simulator.world import Task, World

LOCK_TIMEOUT, NAP = 60.0, 20.0


class CurrentWorld:
    """Whose world the product's threads and clocks belong to: one schedule is played at a time."""

    world: World


class SimEvent:
    """threading.Event for tasks."""

    def __init__(self) -> None:
        self._set = False
        self._waiting: Task | None = None

    def set(self) -> None:
        """Wake who waits."""
        self._set = True
        if self._waiting is not None:
            self._waiting.wake = min(self._waiting.wake, CurrentWorld.world.now)

    def clear(self) -> None:
        """Wait again."""
        self._set = False

    def wait(self, timeout: float) -> bool:
        """Wait until it is set, or for so long."""
        if not self._set:
            world = CurrentWorld.world
            self._waiting = world.current
            world.sleep(timeout)
            self._waiting = None
        return self._set


class SimThread:
    """threading.Thread for tasks: of the same process as who starts it."""

    def __init__(self, *, target: Callable[[], None], daemon: bool, name: str) -> None:
        del daemon
        self._target, self._name = target, name

    def start(self) -> None:
        """Begin."""
        current = CurrentWorld.world.current
        if current is not None:
            name = f"{current.job.name} {self._name}"
            CurrentWorld.world.spawn(current.job, name, self._target, group=current.group)


def find_state(action: Any, _change: MarkedChange) -> tuple[Any, str]:
    """Find the entity's state: it is there."""
    return action.places.backend.locate(action.context.entity), ""


def prepare(action: Any, key: Any, _change: MarkedChange, _workspace: None) -> Any:
    """Check nothing."""
    return action, action.places.backend.access(key)


def carry_out(run: Any) -> Outcome:
    """Let the engine work under the product's marker, as `provision`'s steps do."""
    action, view = run
    change = MarkedChange(action.attempt, action.record, view)
    try:
        _change(change, view, action.places.job_run)
        return succeed(action.context, Results({}, {}))
    finally:
        change.close()


def _change(change: MarkedChange, view: StateView, run: Run) -> None:
    """Tell the marker what a session with Terraform tells it, in that order."""
    world = run.job.world
    begun = world.now
    while True:
        rival = change.begin()
        if rival is not None:
            _await_release(world, begun, change.rival)
            continue
        run.engine = engine = Engine(run.job, view.thing, run.action)
        change.attempt.notice(ResourceMoved("x", Verb.CREATE, "started"))
        proof = engine.work()
        if proof is not Proof.LOCKED:
            break
        change.withdraw()
        change.rival()
        _await_release(world, begun, view.holder)
    if engine.lock_left:
        change.leave_lock()
    if proof is Proof.DOUBT:
        raise RecoveryError("The engine was killed amid its work.", hint="Look.")
    change.settle()
    if proof is not Proof.DONE:
        raise EngineError("The engine ended before it changed anything.", hint="Try again.")


def _await_release(world: World, begun: float, look: Callable[[], Lock | None]) -> None:
    while True:
        if world.now - begun >= LOCK_TIMEOUT:
            raise StateLockedError("Another run has it.", hint="Wait.")
        world.sleep(NAP)
        if look() is None:
            return


@contextlib.contextmanager
def _nothing(*_: Any, **__: Any) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _working(attempt: Any, *_: Any) -> Iterator[None]:
    """Give signs of life; nobody asks these runs to stop."""
    with attempt._heart.beating():  # noqa: SLF001 - what `working` does beside its watch
        yield


async def _at_once(work: Callable[..., Any], *arguments: object) -> Any:
    return work(*arguments)


def _rescue_left(run: LocalRun, rescuer: Any) -> Remains:
    """Return what the engine's own words prove."""
    del run
    engine = rescuer.places.engine
    return Remains(whole=engine is None or engine.proof is not Proof.DOUBT)


@contextlib.contextmanager
def simulated() -> Iterator[None]:
    """Put the world in the place of threads, clocks, disks and engines."""
    uuid = SimpleNamespace(uuid4=lambda: SimpleNamespace(hex=str(CurrentWorld.world.steps)))
    with contextlib.ExitStack() as stack:
        # What these return follows from what they are given, and is frozen: each is asked once.
        for name in ("read_begin", "read_beat", "read_end"):
            once = functools.lru_cache(maxsize=4096)(getattr(journal, name))
            stack.enter_context(mock.patch.object(journal, name, once))
        for module, name, value in (
            (heartbeat, "threading", SimpleNamespace(Event=SimEvent, Thread=SimThread)),
            (process, "read_mark", lambda _: ""),
            (sequence, "uuid", uuid),
            (sequence, "private_workspace", _nothing),
            (Attempt, "working", _working),
            (checks, "_find_state", find_state),
            (checks, "_prepare", prepare),
            (checks, "StepRun", tuple),  # what `prepare` returns here
            (checks, "carry_out", carry_out),
            (finish_ending, "rescue_left", _rescue_left),
            (finish_ending, "remove_workspace", lambda _: None),
            (waiting, "_LOOK_SECONDS", NAP),
            (missed, "asyncio", SimpleNamespace(to_thread=_at_once)),
            (missed, "time", SimpleNamespace(time=lambda: CurrentWorld.world.now)),
            (receiver, "asyncio", SimpleNamespace(timeout=lambda _: contextlib.nullcontext())),
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        yield

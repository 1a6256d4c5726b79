"""A thing that an engine builds, its state and its lock; an engine may be killed anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, cast

from purveyor.errors import ReasonCode, RecoveryError
from purveyor.lock import Lock
from purveyor.state_key import StateKey
from simulator.world import BrokenPromiseError, Fault

if TYPE_CHECKING:
    from purveyor.state_key import StateDocument
    from simulator.world import Job, Task, World

WORK_SECONDS = 20.0


class Proof(Enum):
    """How an engine came to its end."""

    DONE = "all is in the state"
    UNTOUCHED = "nothing was changed"
    LOCKED = "another has the lock"
    DOUBT = "killed amid a change"


@dataclass(slots=True)
class Thing:
    """What an entity is: how often it exists, and how often it does by its state.

    `holder` is whose lock is on the state; `changing` names the actions whose living engines
    change it; `done` the actions of which an engine came to its end in order.
    """

    name: str
    exists: int = 0
    known: int = 0
    holder: Lock | None = None
    holding: Engine | None = None
    changing: int = 0
    locks: int = 0


class Engine:
    """One call of an engine: takes the lock, builds what the state does not know, saves, frees."""

    def __init__(self, job: Job, thing: Thing, action: str) -> None:
        self.job = job
        self.thing = thing
        self.action = action
        self.proof: Proof | None = None
        self.touched = False
        self.lock_left = False
        self.lock: Lock | None = None
        self._waiting: Task | None = None

    def work(self) -> Proof:
        """Work in a task of its own, which outlives the run; wait for its end."""
        world = self.job.world
        task = world.spawn(self.job, f"{self.job.name} engine", self._work, group="engine")
        task.on_end = self._end
        self._waiting = world.current
        while self.proof is None:
            world.sleep(float("inf"))
        return self.proof

    def _end(self) -> None:
        if self.proof is None:
            self.proof = Proof.DOUBT if self.touched else Proof.UNTOUCHED
        if self.touched:
            self.thing.changing -= 1
            self.touched = False
        self.lock_left = self.lock is not None and self.thing.holder is self.lock
        if self.thing.holding is self:
            self.thing.holding = None
        if self._waiting is not None:
            self._waiting.wake = self.job.world.now

    def _work(self) -> None:
        world, thing = self.job.world, self.thing
        fault = world.step(f"take the lock of {thing.name}")
        if fault is Fault.REFUSED:
            self.proof = Proof.UNTOUCHED
            return
        if thing.holder is not None:
            self.proof = Proof.LOCKED
            return
        thing.locks += 1
        created = datetime.fromtimestamp(self.job.wall_clock(), UTC).isoformat()
        self.lock = thing.holder = Lock(
            f"lock-{thing.locks}", who=f"ci@{self.job.host}", operation="apply", created=created
        )
        if fault is Fault.LOST:
            self.proof = Proof.UNTOUCHED
            return
        thing.holding = self
        self._build(world, thing)
        world.step(f"free the lock of {thing.name}")
        if thing.holder is not self.lock:
            raise BrokenPromiseError(f"The lock of a living engine ({self.action}) was freed.")
        thing.holder = None
        self.proof = Proof.DONE

    def _build(self, world: World, thing: Thing) -> None:
        world.step(f"read the state of {thing.name}")
        known = thing.known
        self.touched = True
        thing.changing += 1
        if thing.changing > 1:
            raise BrokenPromiseError("Two engines work on one entity.")
        world.sleep(WORK_SECONDS)
        if not known:
            thing.exists += 1
            world.note(f"{thing.name} is built")
            if thing.exists > 1:
                raise BrokenPromiseError("A thing is built twice.")
        world.sleep(WORK_SECONDS)
        world.step(f"save the state of {thing.name}")
        thing.known = 1
        thing.changing -= 1
        self.touched = False


class States:
    """The backend: where an entity's state is, and who holds its lock."""

    def __init__(self, world: World, things: dict[str, Thing]) -> None:
        self._world = world
        self._things = things

    def locate(self, entity: object) -> StateKey:
        """Return an entity's key."""
        name = str(getattr(entity, "id", ""))
        return StateKey(f"services/{name}/x.tfstate", exists=True)

    def access(self, key: StateKey) -> StateView:
        """Return a view of a state."""
        return StateView(self._world, self._things[key.path.split("/")[1]])

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Free the lock that has this id."""
        thing = self._things[key.path.split("/")[1]]
        lost = self._world.step(f"free lock {lock_id} of {thing.name}")
        if lost is Fault.REFUSED or (thing.holder and thing.holder.id != lock_id):
            raise _unreadable()
        if thing.holder is None:
            return False
        if thing.holding is not None:
            raise BrokenPromiseError("The lock of a living engine is freed.")
        thing.holder = None
        if lost:
            raise _unreadable()
        return True


class StateView:
    """One state, as a run sees it."""

    def __init__(self, world: World, thing: Thing) -> None:
        self._world = world
        self.thing = thing

    def read(self) -> StateDocument | None:
        """Return nothing: what the state holds is the engine's."""
        return cast("StateDocument | None", None)

    def holder(self) -> Lock | None:
        """Return who holds the lock."""
        if self._world.step(f"who holds the lock of {self.thing.name}"):
            raise _unreadable()
        return self.thing.holder


def _unreadable() -> RecoveryError:
    return RecoveryError("out of reach", reason=ReasonCode.STATE_UNREADABLE, hint="Try again.")

"""One step's work order for an engine, what the engine gives back, and what it tells meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonValue
    from purveyor.lock import Lock
    from purveyor.plan import Change, Guard, Verb
    from purveyor.process import Interruption
    from purveyor.state_key import OutputValue, StateDocument


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """Where a module comes from: a directory below `root` (the catalog's), or a remote address.

    `version` is the exact version of a registry address; other addresses carry their own pin.
    """

    root: Path
    path: Path | None = None
    address: str = ""
    version: str = ""

    @property
    def name(self) -> str:
        """What people know it by."""
        folder = self.path and self.path.relative_to(self.root)
        return f"{self.address} {self.version}".strip() or str(folder)


@dataclass(frozen=True, slots=True)
class EngineRequirement:
    """Which engine a catalog entry wants; `version` is a constraint such as `~> 1.10`, or empty.

    An empty `name` takes whichever engine is found.
    """

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class BackendBlock:
    """How an engine reaches one state.

    The backend block's type and arguments (no secrets), and the environment with the secrets.
    `workspace` names the state where one block leads to many; empty for the engine's default one.
    """

    type: str
    arguments: Mapping[str, JsonValue]
    environment: Mapping[str, str] = field(default_factory=dict)
    workspace: str = ""


class StateAccess(Protocol):
    """One state, seen from the engine: read it, and see who holds its lock."""

    def read(self) -> StateDocument | None:
        """Return the state; None when there is none. Raise RecoveryError if it cannot be read."""

    def holder(self) -> Lock | None:
        """Return the lock's holder; None when it is free or cannot be told."""


class Recovery(Protocol):
    """States of one entity that could not be saved, kept until a later run has saved them."""

    def park(self, text: str, *, lock_id: str = "") -> Sequence[str]:
        """Keep a state and return where; `lock_id` is that of the lock which it leaves.

        Raise RecoveryError when no place takes it.
        """

    def waiting(self) -> Sequence[str]:
        """Return the names of the states that wait, oldest first."""

    def read(self, name: str) -> str | None:
        """Return a state's text; None when it is gone meanwhile."""

    def lock_of(self, name: str) -> str:
        """Return the id of the lock that was left with it; empty when none is known."""

    def remove(self, name: str) -> None:
        """Forget a state that is saved."""


class Changing(Protocol):
    """What an engine tells of each time that it changes things, so that no doubt is forgotten.

    Every change begins with `begin`, and ends with `settle` or `withdraw`; where it ends with
    neither, what exists may not be in the state.
    """

    def begin(self) -> Lock | None:
        """Note that things are about to change; if another run does so right now, return it.

        Raise RecoveryError when a lost run left the entity in doubt.
        """

    def rival(self) -> Lock | None:
        """Return which other run changes the entity right now. Raise RecoveryError as `begin`."""

    def withdraw(self) -> None:
        """Note that nothing was changed, and that another run may go ahead."""

    def settle(self) -> None:
        """Note that the state, or one that waits to be saved, holds all that was done."""

    def leave_lock(self) -> None:
        """Note that a lock of this run's own may be left."""


@dataclass(frozen=True, slots=True)
class Step:
    """Everything an engine needs for one step.

    `module` is the root module inside the private directory `workspace`. `identity` stamps the
    state (`services/<id>`). `lock_timeout` is how long to wait for a held lock, in seconds.
    `interruption` goes to every program that is started. `recovery` keeps what cannot be saved.
    `changing` is told of every change, None where nothing can keep it.
    `renew` gets fresh credentials, as far as they can be had, and raises nothing.
    `filled` names what the module needs and a delete has no value for.
    """

    operation: Operation
    engine: EngineRequirement
    workspace: Path
    module: Path
    variables: Mapping[str, JsonValue]
    backend: BackendBlock
    state: StateAccess
    environment: Mapping[str, str]
    identity: str
    guard: Guard
    interruption: Interruption
    lock_timeout: float = 300.0
    recovery: Recovery | None = None
    changing: Changing | None = None
    renew: Callable[[], None] = lambda: None
    filled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step has done, and which engine did it; `notes` are for the developer."""

    changes: tuple[Change, ...]
    outputs: Mapping[str, OutputValue]
    notes: tuple[str, ...] = ()
    engine: str = ""
    engine_version: str = ""


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """The engine enters a phase: `init`, `plan`, `apply`, `destroy`."""

    name: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was asked has passed every check; `shown` names the parameters that are no secrets."""

    shown: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planned:
    """The engine tells of a change that it will make."""

    change: Change


@dataclass(frozen=True, slots=True)
class ResourceMoved:
    """A resource's `stage`: started, running, ended or failed; `seconds` since its start."""

    address: str
    verb: Verb
    stage: str
    seconds: float = 0.0
    resource_type: str = ""


@dataclass(frozen=True, slots=True)
class LockAwaited:
    """We wait for `holder` to let go; `seconds` waited so far, and at most `limit`."""

    holder: Lock
    seconds: float
    limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Noticed:
    """A line worth showing: `level` is `info`, `warning` or `error`. Foreign text: redact it."""

    level: str
    text: str


StepEvent: TypeAlias = "PhaseStarted | Accepted | Planned | ResourceMoved | LockAwaited | Noticed"
Listen: TypeAlias = "Callable[[StepEvent], None]"


class Engine(Protocol):
    """One way to carry out a step."""

    def fetch(self, source: ModuleSource, workspace: Path) -> Path:
        """Bring the module into the private `workspace`; return its root module's directory."""

    def describe(self, module: Path) -> ModuleInterface:
        """Return what the root module declares. Raise CatalogError for a module that is invalid."""

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Create, update or delete; raise a PurveyorError that says what, why and what next."""

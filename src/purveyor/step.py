"""One step's work order for an engine, what the engine gives back, and what it tells meanwhile."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from purveyor.dataclass import dataclass
from purveyor.plan import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonValue
    from purveyor.lock import Lock
    from purveyor.plan import Change, Verb
    from purveyor.process import Interruption
    from purveyor.state_key import OutputValue, StateDocument


class Proof(Enum):
    """What is known of the state that a program which changes things has left."""

    SAVED = "saved"  # all that it has done is in the state
    UNTOUCHED = "untouched"  # it had begun nothing
    INTERRUPTED = "interrupted"  # the same, unless that state is empty: see `judge_stream`
    UNSAVED = "unsaved"  # it could not write the state, and left it in a file
    NONE = "none"  # what exists may be in no state


EngineName: TypeAlias = Literal["terraform", "opentofu"]
"""The engines that carry a module out, as the catalog names them."""
COMMAND = "command"
"""The engine that runs a program of the platform team's."""


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
        path, root = self.path or self.root, self.root
        folder = path.relative_to(root) if path.is_relative_to(root) else path
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
class StateSlot:
    """Where a step's state lies, for an engine that keeps one of ours."""

    block: BackendBlock
    access: StateAccess
    stamp: str  # written into the state, so that nobody else's is taken for it
    lock_timeout: float = 300.0  # how long to wait for a held lock, in seconds
    marker: Changing | None = None  # told of every change; None where nothing can keep it
    recovery: Recovery | None = None  # keeps states that cannot be saved


@dataclass(frozen=True, slots=True)
class OwnState:
    """Where a program keeps a state that is its own business, apart from everybody else's."""

    name: str  # what tells its owner from all others: the entity's id
    block: BackendBlock  # of a state at a path that stands for a folder
    lock_timeout: float = 300.0  # how long to wait for a held lock, in seconds
    is_lost: Callable[[Lock], bool] = lambda _lock: False  # whether it is certainly a dead run's


@dataclass(frozen=True, slots=True)
class Step:
    operation: Operation
    workspace: Path  # private to the step
    module: Path  # what `Engine.fetch` returned
    variables: Mapping[str, JsonValue]
    environment: Mapping[str, str]
    interruption: Interruption
    state: StateSlot | None = None
    own_state: OwnState | None = None
    guard: Guard = field(default_factory=Guard)
    shows: bool = False  # whether the developer is told what will change, before it does
    # Gets fresh credentials, as far as they can be had, and raises nothing.
    renew: Callable[[], None] = lambda: None
    filled: tuple[str, ...] = ()  # what the module needs and a delete has no value for
    lock_file: str = ""  # pins providers where the module comes without such a file


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What a run that is gone has left in a private folder, and in folders below it."""

    proofs: frozenset[Proof] = frozenset()  # one for each program that changed things
    unsaved: tuple[Path, ...] = ()  # states that are saved nowhere else
    torn: tuple[Path, ...] = ()  # what nobody can save: states that were not written to their end


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step has done, and which engine did it; `notes` are for the developer."""

    changes: tuple[Change, ...]
    outputs: Mapping[str, OutputValue]
    notes: tuple[str, ...] = ()
    engine: str = ""
    engine_version: str = ""
    lock_file: str = ""  # the providers that were used
    unknown: str = ""  # of a preview: why it cannot tell what would change, or not all of it


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
    """A line worth showing; foreign text: redact it.

    `level` is `info`, `warning`, `error`, or `progress` for what the developer hears, too.
    """

    level: str
    text: str


StepEvent: TypeAlias = "PhaseStarted | Accepted | Planned | ResourceMoved | LockAwaited | Noticed"
Listen: TypeAlias = "Callable[[StepEvent], None]"


class Engine(Protocol):
    # What it makes in a module's folder for this machine alone, such as `.terraform/providers`.
    own: Collection[str]

    def fetch(self, source: ModuleSource, workspace: Path) -> Path:
        """Bring the module into the private `workspace`; return its root module's directory."""

    def describe(self, module: Path) -> ModuleInterface:
        """Return what the root module declares. Raise CatalogError for a module that is invalid."""

    def run(self, step: Step, listen: Listen) -> StepResult:
        """Create, update or delete; raise a PurveyorError that says what, why and what next."""

    def preview(self, step: Step, listen: Listen) -> StepResult:
        """Return what `run` would change, and outputs as far as known; change nothing."""

    def leftovers(self, workspace: Path) -> Leftovers:
        """Return what a dead run left in its private folder."""

    def save(self, text: str, state: StateSlot) -> None:
        """Save a state that a run left unsaved; raise a PurveyorError when that fails."""

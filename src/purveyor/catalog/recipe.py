"""What the catalog says about one action: everything that a run needs to know, as frozen values."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.plan import Guard

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from purveyor.action import Operation
    from purveyor.catalog.backend import BackendConfig
    from purveyor.catalog.journal_store import JournalStore
    from purveyor.catalog.logins import AzureEntry, GoogleEntry, KeysEntry, TokenEntry
    from purveyor.json_text import JsonValue
    from purveyor.program import StepProgram
    from purveyor.step import EngineRequirement, ModuleSource


@dataclass(frozen=True, slots=True)
class OutputRule:
    """Which module output becomes an attribute, and whether the attribute is a secret one."""

    output: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ComputeRule:
    template: str
    once: bool = False  # decided at the first create, and kept


@dataclass(frozen=True, slots=True)
class Account:
    """Where things are built. `role_arn` is None when the run's own credentials are used.

    `name` is for people; without one in the catalog it is made from the dimensions. `region` is
    None when the catalog names none. `session_seconds` is the length of an assumed session.
    `through` are roles to assume before `role_arn`. `withheld` are the environment variables that
    log in to any account of the catalog, or to its journal: no engine and no program gets them.
    """

    name: str = ""
    role_arn: str | None = None
    external_id: str | None = None
    region: str | None = None
    session_seconds: int = 3600
    through: tuple[str, ...] = ()
    web_identity: TokenEntry | None = None
    keys: KeysEntry | None = None
    azure: AzureEntry | None = None
    google: GoogleEntry | None = None
    withheld: frozenset[str] = frozenset()
    variables: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRecipe:
    """How one step is carried out: by an engine with a module, or by a program."""

    engine: EngineRequirement
    name: str = ""
    source: ModuleSource | None = None  # None for a program
    program: StepProgram | None = None
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)  # the weakest
    # Fixed by the platform team: they win, the account's over the entry's.
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    from_account: frozenset[str] = frozenset()  # which of them the account sets
    compute: Mapping[str, ComputeRule] = field(default_factory=dict)  # below `variables`
    immutable: tuple[str, ...] = ()
    # Attribute names to rules; None means all non-sensitive outputs by their own names.
    outputs: Mapping[str, OutputRule] | None = None
    guard: Guard = field(default_factory=Guard)
    shows: bool = False  # whether an update tells the developer before what it will change
    # What a further step's state, and what is kept of it, is told apart by; empty for the first
    # step that keeps a state.
    suffix: str = ""
    takes: frozenset[str] = frozenset()  # parameters of a program that no module declares
    once: bool = False  # whether it is skipped when it has been done
    approve: frozenset[Operation] = frozenset()  # before which of them a person has to allow it
    approve_within: float = 0.0  # in seconds; then it is refused

    @property
    def is_main(self) -> bool:
        """Whether it is the first that keeps a state, by which all others know the entity."""
        return self.source is not None and not self.suffix

    @property
    def folder(self) -> str:
        """Its own folder in a run's private one, where there are several."""
        return f"step-{self.name or 1}"

    def stamp(self, entity: str) -> str:
        return f"{entity}/{self.suffix}" if self.suffix else entity

    def fixed_variables(self, declared: Collection[str]) -> dict[str, JsonValue]:
        """Return `variables` for a module that declares `declared`.

        An account speaks to every module, so that what it alone sets is only offered: a name that
        the module does not declare is left out. The entry's own variables are never left out.
        """
        return {
            name: value
            for name, value in self.variables.items()
            if name in declared or name not in self.from_account
        }


@dataclass(frozen=True, slots=True)
class Recipe:
    root: Path  # the catalog's folder; every relative path in the catalog starts there
    backend: BackendConfig
    account: Account
    # In this order, a delete backwards; none where nothing has to be done.
    steps: tuple[StepRecipe, ...] = ()
    lock_timeout: float | None = None  # in seconds; None leaves it to the setting
    journal: JournalStore | None = None  # None where it lies beside the states
    keep_secrets: bool = True  # whether secret variables may be kept beside the state
    ignored: frozenset[str] = frozenset()  # parameters that no module gets

    @property
    def stateless(self) -> bool:
        """Whether no step keeps a state of ours: then the journal alone knows what exists."""
        return bool(self.steps) and all(each.source is None for each in self.steps)

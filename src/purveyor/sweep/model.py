"""What a sweep finds, and what it needs from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext
    from purveyor.dispatch import RunState
    from purveyor.journal import History, Journal
    from purveyor.outcome import Outcome
    from purveyor.reporter import Heard, Standing
    from purveyor.run_identity import RunIdentity
    from purveyor.state_key import Owner, StateKey
    from purveyor.step import StateAccess


class Reporter(Protocol):
    """What the platform is asked and told about one action."""

    def read_standing(self, context: ActionContext) -> Standing:
        """Ask what the platform knows of the action now."""

    def end(self, context: ActionContext, outcome: Outcome) -> Heard:
        """Tell how it ended."""


class States(Protocol):
    """Where states and their locks are."""

    def locate(self, entity: Owner) -> StateKey:
        """Find the entity's key."""

    def access(self, key: StateKey) -> StateAccess:
        """See its lock."""

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Free the lock with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside of one sweep.

    `open_reporter` gives one for one action. `wall_clock` tells seconds since 1970, `sleep` waits
    for seconds. With `dry_run` nothing is written, told or freed.
    """

    journal: Journal
    history: History
    states: States
    look_up: Callable[[RunIdentity], RunState]
    engine_runs_here: Callable[[], bool]
    open_reporter: Callable[[], Reporter]
    wall_clock: Callable[[], float]
    sleep: Callable[[float], object]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class SweptAction:
    """One open action: what was found, and what was done about it.

    `age` is how long ago its run last showed that it lives, in seconds; None where that is not
    known. `entity` is such as `service 5a1f`. `closed` tells whether nothing is left to do.
    """

    action: str
    attempt: int
    entity: str
    found: str
    done: str
    run_url: str = ""
    age: float | None = None
    closed: bool = False
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class SweptLock:
    """One held lock of an open attempt. `age` is how long it has been held, None if not known."""

    key: str
    lock_id: str
    holder: str
    action: str
    found: str
    done: str
    run_url: str = ""
    age: float | None = None
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found and did."""

    actions: tuple[SweptAction, ...]
    locks: tuple[SweptLock, ...]

    @property
    def needs_person(self) -> bool:
        """Whether anything is left that only a person can decide."""
        found: tuple[SweptAction | SweptLock, ...] = (*self.actions, *self.locks)
        return any(each.needs_person for each in found)

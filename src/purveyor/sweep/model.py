"""What a sweep finds, and what it needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.backends import Backend
    from purveyor.clock import Clock
    from purveyor.dispatch import RunState
    from purveyor.journal import Journal
    from purveyor.reporter import PendingActions, Reporter
    from purveyor.run_identity import RunIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    open_pending_actions: Callable[[], PendingActions]
    places: tuple[str, ...]  # NRNs: there and below
    after: float  # how long an action may wait for its run, in seconds
    statuses: tuple[str, ...]  # entities in others are not looked at
    # Whether the catalog serves a service specification's slug, and a link's if there is one.
    serves: Callable[[str, str], bool]
    identity: RunIdentity  # what the journal will name


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeper:
    journal: Journal
    states: Backend
    look_up: Callable[[RunIdentity], RunState]
    cancel: Callable[[RunIdentity], str]  # asks the CI; returns why it could not
    engine_runs_here: Callable[[], bool]
    open_reporter: Callable[[], Reporter]  # one for each action
    clock: Clock
    cancel_after: float | None = None  # seconds that a run may take; None for any length
    dry_run: bool = False  # nothing is written, told or freed
    search: Search | None = None  # without it the platform is asked about open actions only


@dataclass(frozen=True, slots=True)
class SweptAction:
    """One open action: what was found, and what was done about it.

    `age` is how long ago its run last showed that it lives, in seconds; None where that is not
    known. `entity` is the id of the service or link, as `kind` says. `closed` tells whether
    nothing is left to do.
    """

    action: str
    attempt: int
    found: str
    done: str
    kind: str = ""
    entity: str = ""
    slug: str = ""
    run_url: str = ""
    age: float | None = None
    closed: bool = False
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class SweptLock:
    """One held lock of an open attempt. `age` is how long it has been held, None if not known."""

    key: str
    slug: str
    lock_id: str
    holder: str
    action: str
    found: str
    done: str
    run_url: str = ""
    age: float | None = None
    needs_person: bool = False


@dataclass(frozen=True, slots=True)
class SweptPlaces:
    """What the search on the platform took: `requests`, without what was ended.

    `entities` counts the services and links that it looked at, `foreign` those of them that the
    catalog does not serve. `faults` are what kept it from seeing all, each with its next step.
    """

    places: tuple[str, ...]
    requests: int = 0
    entities: int = 0
    foreign: int = 0
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep found and did; `platform` is None where nothing was searched for."""

    actions: tuple[SweptAction, ...]
    locks: tuple[SweptLock, ...]
    platform: SweptPlaces | None = None

    @property
    def needs_person(self) -> bool:
        found: tuple[SweptAction | SweptLock, ...] = (*self.actions, *self.locks)
        return any(each.needs_person for each in found) or bool(
            self.platform and self.platform.faults
        )

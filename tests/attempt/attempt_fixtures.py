"""An attempt in memory, the record of its entity, and a state with a lock that a test holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from journal_fixtures import make_begin
from memory_fixtures import MemoryStore, claim, make_run
from purveyor.action import Operation
from purveyor.attempt import Attempt, EntityRecord, MarkedChange
from purveyor.journal import Capsule, Capsules

if TYPE_CHECKING:
    from purveyor.lock import Lock
    from purveyor.outcome import Outcome
    from purveyor.state_key import StateDocument
    from purveyor.step import StepEvent

PLACE = "journal/entities/service/s-1"


@dataclass
class HeldState:
    """A state whose content and lock a test sets."""

    document: StateDocument | None = None
    lock: Lock | None = None
    reads: int = 0

    def read(self) -> StateDocument | None:
        self.reads += 1
        return self.document

    def holder(self) -> Lock | None:
        return self.lock


@dataclass
class Played:
    """One action of one service, as its run plays it; `told` is what its log shows."""

    store: MemoryStore = field(default_factory=MemoryStore)
    action: str = "a-1"
    number: str = "100"
    operation: Operation = Operation.CREATE
    dead: bool | None = None
    kept: bool = True  # whether there is a store for capsules
    told: list[StepEvent] = field(default_factory=list)
    state: HeldState = field(default_factory=HeldState)
    attempt: Attempt = field(init=False)
    record: EntityRecord = field(init=False)
    change: MarkedChange = field(init=False)
    outcome: Outcome | None = None  # once it waits

    def __post_init__(self) -> None:
        """Claim the action."""
        run = make_run(self.store, number=self.number, dead=self.dead)
        begin = make_begin(run.identity, at=self.store.time.seconds, action=self.action)
        claimed = claim(begin, journal=self.store.journal(), run=run)
        assert isinstance(claimed, Attempt)
        self.attempt = claimed
        capsules = Capsules(self.store) if self.kept else None
        now = self.store.time.clock().now
        self.record = EntityRecord(
            make_blank(), self.operation, self.action, capsules, now, self.told.append
        )
        self.change = MarkedChange(claimed, self.record, self.state)

    def marker(self) -> str | None:
        found = self.store.texts.get(f"{PLACE}/changing/{self.action}/{self.attempt.begin.attempt}")
        return None if found is None else found[0]


def make_blank() -> Capsule:
    """Return what is known of the service with nothing built."""
    return Capsule(
        kind="service", entity="s-1", service="s-1", at=0.0, slug="orders", specification="db"
    )

"""The platform: what it shows of each action; a final status is taken once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.reporter import ActionShown, ActionSnapshot, EntityShown, Reported
from purveyor.reporter.model import FINISHED, OPEN
from simulator.world import BrokenPromiseError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.action import ActionContext
    from purveyor.outcome import Outcome
    from simulator.entity import Thing
    from simulator.world import Job, World


@dataclass(slots=True)
class Shown:
    """One action: what it is for, since when, and what the platform shows of it.

    Two untrue endings are known and left. `blind` when one was told by a run that could not reach
    the journal at all, while nobody had told yet that another has it; `unasked` when a run went on
    although the platform did not answer, which may be a failed one's that its CI starts again.
    """

    action: str
    thing: Thing
    since: float
    status: str = "pending"
    blind: bool = False
    unasked: bool = False
    reason: str = ""
    sent: bool = False  # to the receiver alone, whether it took it or not


class Platform:
    """All actions, and what was told of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.actions: dict[str, Shown] = {}

    def accept(self, action: str, thing: Thing) -> None:
        """Take an action from a developer."""
        self.actions[action] = Shown(action, thing, self.world.now)

    def take(self, action: str, status: str, job: Job, *, reason: str = "") -> None:
        """Take a status, unless a final one is there; it has to be true."""
        shown = self.actions[action]
        if shown.status in FINISHED:
            return
        shown.status, shown.reason = status, reason
        self.world.note(f"the platform shows {action} as {status}")
        if status == "success" and not (shown.thing.exists == shown.thing.known == 1):
            raise BrokenPromiseError(f"{action} is shown as success, which is not true.")
        engine = shown.thing.holding
        works = engine is not None and engine.action == action and engine.job is not job
        if status == "failed" and works and not shown.blind:
            raise BrokenPromiseError(f"{action} is shown as failed while its engine works.")


class SimReporter:
    """What a process tells the platform and asks it."""

    def __init__(self, platform: Platform, job: Job) -> None:
        self._platform = platform
        self._job = job
        self._saw = ""

    def prepare(self, context: ActionContext) -> None:
        """Ask nothing yet."""

    def read_snapshot(self, context: ActionContext) -> ActionSnapshot:
        """Ask how an action stands."""
        if self._platform.world.step(f"ask how {context.id} stands"):
            self._platform.actions[context.id].unasked = True
            return ActionSnapshot(None, None, None, asked=False, note="The platform is away.")
        self._saw = status = self._platform.actions[context.id].status
        return ActionSnapshot(status, None, None, asked=True)

    def read_links(self, context: ActionContext) -> None:
        """Know of no links."""

    def begin(self, context: ActionContext, *, run_url: str) -> None:
        """Tell that it is in progress."""
        del run_url
        if self._platform.world.step(f"tell that {context.id} is in progress") is not Fault.REFUSED:
            self._platform.take(context.id, "in_progress", self._job)

    def say(self, context: ActionContext, level: str, text: str) -> None:
        """Say nothing."""

    def end(self, context: ActionContext, outcome: Outcome) -> Reported:
        """Tell how it ended; what has ended already is heard."""
        status, reason = outcome.status.value, outcome.reason.value
        fault = self._platform.world.step(f"tell {context.id}: {status} {reason}")
        if fault is not Fault.REFUSED:
            shown = self._platform.actions[context.id]
            if reason == "STATE_UNREADABLE" and self._saw != "in_progress":
                shown.blind = True
            self._platform.take(context.id, status, self._job, reason=reason)
        return Reported(delivered=fault not in {Fault.REFUSED, Fault.LOST})


class SimPendingActions:
    """The search for actions that no run took."""

    requests = 0

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def now(self) -> float:
        """Return the platform's time."""
        return self._platform.world.now

    def entities(self, kind: Kind, nrn: str, statuses: Sequence[str]) -> Iterator[EntityShown]:
        """Yield every service."""
        del nrn, statuses
        self._platform.world.step(f"list the {kind}s on the platform")
        if kind is Kind.SERVICE:
            names = dict.fromkeys(each.thing.name for each in self._platform.actions.values())
            yield from (EntityShown(kind, name, "x", "active", "s-1", name) for name in names)

    def sees_below(self, kind: Kind) -> bool:
        """See all."""
        del kind
        return True

    def actions(self, entity: EntityShown) -> list[ActionShown]:
        """Return a service's open actions."""
        self._platform.world.step(f"list the open actions of {entity.id}")
        return [
            ActionShown(each.action, each.status, "a-1", each.since)
            for each in self._platform.actions.values()
            if each.thing.name == entity.id and each.status in OPEN
        ]

    def slugs(self, entity: EntityShown) -> tuple[str, str]:
        """Return the specification's slug."""
        del entity
        return "thing", ""

    def operation(self, action: ActionShown) -> Operation:
        """Return what the action is to do."""
        del action
        return Operation.UPDATE

    def close(self) -> None:
        """Close nothing."""

"""What the receiver works with: its inbox on the disk, and the platform's list of what it sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from purveyor.errors import PlatformError
from purveyor.inbox.model import Delivery, DeliveryStatus, NotStoredError, Receipt
from simulator.world import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simulator.receiver import Machine


@dataclass(slots=True)
class Kept:
    """One delivery on the disk."""

    delivery: Delivery
    status: DeliveryStatus = DeliveryStatus.WAITING
    tries: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Sent:
    """A notification, as the platform lists it."""

    id: str
    action: str
    at: float
    status: str = "pending"


class DiskInbox:
    """The inbox: what it holds outlives the process. How SQLite keeps it, its own tests show."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def accept(self, delivery: Delivery) -> Receipt:
        """Store a delivery."""
        machine = self._machine
        fault = machine.world.step(f"store {delivery.action_id} in the inbox")
        if fault is Fault.REFUSED:
            raise NotStoredError("the disk is full")
        new = delivery.action_id not in machine.kept
        found = machine.kept.setdefault(delivery.action_id, Kept(delivery))
        machine.wake()
        if fault is Fault.LOST:
            raise NotStoredError("the disk said nothing")
        return Receipt(new, found.status)

    async def known(self, action_ids: Iterable[str]) -> set[str]:
        """Return those that it holds."""
        if self._machine.world.step("ask the inbox what it knows"):
            raise NotStoredError("the disk said nothing")
        return {each for each in action_ids if each in self._machine.kept}


class SentList:
    """What the search asks the platform."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def platform_time(self) -> float:
        """Return the platform's time."""
        return self._machine.world.now

    def list_notifications(self, query: Mapping[str, str], **_: object) -> Any:
        """Return all in one page."""
        self._ask("list the notifications")
        rows = [self._machine.row(each) for each in self._machine.sent]
        return {"results": rows if query["offset"] == "0" else []}

    def list_deliveries(self, identity: str, **_: object) -> Any:
        """Know of no other channel."""
        self._ask(f"how was {identity} delivered")
        return {"results": []}

    def read_action(self, kind: object, entity: object, action: str, **_: object) -> Any:
        """Return an action."""
        del kind, entity
        self._ask(f"how does {action} stand")
        return {"id": action, "status": self._machine.house.platform.actions[action].status}

    def give_up(self) -> None:
        """Wait for nothing anyway."""

    def close(self) -> None:
        """Close nothing."""

    def _ask(self, what: str) -> None:
        if self._machine.world.step(what):
            raise PlatformError("The platform is away.", hint="Try again.")

"""A platform whose deliveries fail, an inbox, and what fetches from the one into the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from purveyor.client import PlatformClient, read_address, read_credentials
from purveyor.inbox.model import DeliveryStatus
from purveyor.inbox.sqlite import SqliteInbox
from purveyor.receiver.missed import MissedDeliveries
from purveyor.redaction import Redactor
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.inbox.model import InboxRow
    from purveyor_emulator import Emulator

DAY = 86400.0
NOWHERE = "http://127.0.0.1:9/"  # the discard port: nobody listens


@dataclass(slots=True)
class Searching:
    """One receiver's search, with what it told."""

    emulator: Emulator
    folder: Path
    said: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # the events' names
    claimed: set[str] = field(default_factory=set)

    def fetch(self, **changes: Any) -> list[str]:
        """Search once with an inbox that lasts; return the ids of the actions that it now holds."""
        return asyncio.run(self._fetch(changes))

    def rows(self) -> list[InboxRow]:
        return asyncio.run(self._rows())

    def search(self, inbox: Any, **changes: Any) -> MissedDeliveries:
        wanted: dict[str, Any] = {
            "inbox": inbox,
            "open_client": self.open_client,
            "places": (self.emulator.nrn,),
            "serves": lambda service, link: (service, link) in SERVED,
            "is_claimed": self.claimed.__contains__,
            "tell": self.tell,
        }
        return MissedDeliveries(**{**wanted, **changes})

    def tell(self, event: str, /, **fields: object) -> None:
        self.told.append(event)
        if message := fields.get("message"):
            self.said.append(str(message))

    def open_client(self) -> PlatformClient:
        settings = Settings(self.emulator.environment())
        credentials = read_credentials(settings)
        assert credentials is not None
        return PlatformClient(read_address(settings), credentials, redactor=Redactor(()))

    async def _fetch(self, changes: dict[str, Any]) -> list[str]:
        inbox = SqliteInbox(self.folder / "inbox.db")
        try:
            search = self.search(inbox, **changes)
            while await search.fetch():
                pass
        finally:
            await inbox.close()
        return [each.action_id for each in reversed(await self._rows())]

    async def _rows(self) -> list[InboxRow]:
        inbox = SqliteInbox(self.folder / "inbox.db")
        try:
            return await inbox.rows(list(DeliveryStatus), 100_000)
        finally:
            await inbox.close()


SERVED = {("sqs-queue", ""), ("mysql-database", ""), ("mysql-database", "database-user")}


def request(emulator: Emulator, specification: str = "sqs-queue", *, ago: float = 0) -> str:
    """Ask for a new service; return the action's id."""
    parameters: Any = {"queue_name": "q"} if specification == "sqs-queue" else {}
    service = str(emulator.create_service(specification)["id"])
    envelope: Any = emulator.request_action(service, "create", parameters)
    action = str(envelope["notification"]["id"])
    emulator.wait_for_deliveries()
    emulator.age_action(action, ago)
    return action


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that says nothing when it comes."""
    while not condition():  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0.01)

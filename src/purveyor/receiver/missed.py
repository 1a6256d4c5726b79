"""Deliveries that never came: the platform is asked what it sent, and what nobody took is stored.

What is stored is the notification as it was sent. It is not built again from the action: there
secrets read as null and tags have no names, so that an update would change both.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import Kind
from purveyor.client import PlatformRefusedError, RetryPolicy
from purveyor.client.lists import Pager
from purveyor.dataclass import dataclass
from purveyor.errors import ContextError, PurveyorError
from purveyor.inbox.model import NotStoredError
from purveyor.receiver.reading import read_delivery
from purveyor.reporter.pending_actions import read_time, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.client import PlatformClient
    from purveyor.inbox.model import Delivery, Inbox
    from purveyor.json_text import JsonObject
    from purveyor.receiver.events import Tell

_POLICY = RetryPolicy(total=15.0, read=10.0)
_LOOK_BACK = 7 * 86400.0
_GRACE = 60.0  # what has not failed may be under way for so long
_MOST_LISTED = 10_000  # notifications of one place in one round
_MOST_ASKED = 1_000  # of these, how many a round looks into: up to three requests each
_PIPELINES = frozenset({"github", "gitlab", "azure", "bitbucket", "agent"})


@dataclass(slots=True)
class MissedDeliveries:
    inbox: Inbox
    open_client: Callable[[], PlatformClient]  # one for each round
    places: tuple[str, ...]  # NRNs: there and below
    # Whether the slug of a service's specification is ours, and a link's if there is one.
    serves: Callable[[str, str], bool]
    # Whether the journal knows an attempt at an action. Without a journal only deliveries that
    # failed are fetched: nothing else tells that nobody has the others.
    is_claimed: Callable[[str], bool] | None
    tell: Tell
    _settled: set[str] = field(default_factory=set)  # notifications that need no second look

    async def keep_fetching(self, every: float, stopping: asyncio.Event) -> None:
        """Fetch now and every so many seconds; what goes wrong is told, and tried again."""
        while not stopping.is_set():
            more = False
            try:
                more = await self.fetch()
                self.tell("searched", complete=not more)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next round may succeed
                known = isinstance(error, PurveyorError | NotStoredError)
                why = str(error) if known else type(error).__name__
                self.tell("fault", message=f"what was missed is not known: {why}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 0.0 if more else every)

    async def fetch(self) -> bool:
        """Store what was missed, the oldest first; tell whether it was more than a round takes."""
        client = self.open_client()
        try:
            sent = await asyncio.to_thread(lambda: dict(sorted(self._list(client), key=_sent_at)))
            self._settled &= sent.keys()
            actions = {i: _action_id(row) for i, row in sent.items() if i not in self._settled}
            known = await self.inbox.known(set(actions.values()))
            new = [each for each, action in actions.items() if action not in known]
            for each in new[:_MOST_ASKED]:
                if actions[each] not in known:  # a resend of what was just stored
                    delivery = await asyncio.to_thread(self._look_into, client, sent[each])
                    if delivery is not None and (await self.inbox.accept(delivery)).new:
                        known.add(delivery.action_id)
                        self.tell("fetched", action=delivery.action_id, entity=delivery.entity)
                self._settled.add(each)
        finally:
            client.give_up()
            client.close()
        return len(new) > _MOST_ASKED

    def _list(self, client: PlatformClient) -> Iterator[tuple[str, JsonObject]]:
        """Yield what was sent, by its id; what may be under way is left for the next round."""
        pager = Pager()
        for place in self.places:
            query = {"nrn": place, "source": "service"}
            if self.is_claimed is None:
                query["status"] = "failed"
            rows = pager.rows(
                "notification",
                lambda query: client.list_notifications(query, policy=_POLICY),
                ({**query, "sort": "created_at:desc"}, query),
            )
            before = 0.0
            for row in itertools.islice(rows, _MOST_LISTED):
                now = client.platform_time() or time.time()
                at = read_time(row.get("created_at")) or now
                if at < min(before, now - _LOOK_BACK):
                    break  # the newest ones come first, so what follows is older still
                failed = row.get("status") == "failed"
                if at >= now - _LOOK_BACK and (failed or at < now - _GRACE):
                    yield str(row.get("id")), row
                before = at

    def _look_into(self, client: PlatformClient, row: JsonObject) -> Delivery | None:
        """Return what is to be stored; None where somebody has it, or nobody waits for it."""
        identity = str(row.get("id"))
        try:
            if not isinstance(row.get("notification"), dict):
                row = client.read_notification(identity, policy=_POLICY)
            envelope = {each: row[each] for each in row if each not in {"nrn", "status"}}
            body = json_text.write(envelope).encode()
            delivery = read_delivery(body, time.time(), self.serves)
            if delivery is None or not self._waits(client, delivery):
                return None
            return None if _is_taken(client, identity) else delivery
        except ContextError:
            return None
        except PlatformRefusedError as error:
            if not error.absent:
                self.tell("fault", message=f"notification {identity} is left alone: {error}")
            return None

    def _waits(self, client: PlatformClient, delivery: Delivery) -> bool:
        kind, _, entity = delivery.entity.partition("/")
        shown = client.read_action(Kind(kind), entity, delivery.action_id, policy=_POLICY)
        claimed = self.is_claimed is not None and self.is_claimed(delivery.action_id)
        return shown.get("status") == "pending" and not claimed


def _is_taken(client: PlatformClient, identity: str) -> bool:
    """Tell whether a channel to a pipeline has it: its run begins when a runner is free."""
    rows = client.list_deliveries(identity, policy=_POLICY).get("results")
    return any(
        isinstance(row, dict) and row.get("status") == "success" and row.get("type") in _PIPELINES
        for row in (rows if isinstance(rows, list) else ())
    )


def _sent_at(sent: tuple[str, JsonObject]) -> float:
    return read_time(sent[1].get("created_at")) or 0.0


def _action_id(row: JsonObject) -> str:
    inner = row.get("notification")
    return text_of(inner, "id") if isinstance(inner, dict) else ""

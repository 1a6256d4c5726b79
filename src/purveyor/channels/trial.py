"""Sends a notification to a channel again, and follows it until its action's end is reported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from purveyor.action import Kind
from purveyor.catalog.document import unfold
from purveyor.channels.model import name_channel
from purveyor.client import ONCE
from purveyor.client.lists import list_sent
from purveyor.errors import PlatformError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from purveyor.client import PlatformClient
    from purveyor.clock import Clock
    from purveyor.json_text import JsonObject

_Seen: TypeAlias = "tuple[str, str] | None"
PENDING = "pending"
_ACCEPT_SECONDS = 60.0
_PAUSE = 1.0  # between two looks
# Where to look when the channel does not accept, and when nothing is heard of the run.
_LOOK = {
    "github": (
        "May the App write Actions there? Has the workflow on that branch the input `context`?",
        "Look at https://github.com/{account}/{repository}/actions: does it wait for a runner?",
    ),
    "gitlab": (
        "May the platform start pipelines of that project, and set variables? Is the branch there?",
        "Look at the pipelines of project {project_id}: does the job wait for a runner?",
    ),
    "azure": (
        "May the platform run that pipeline? Can CONTEXT be set when it is queued?",
        "Look at https://dev.azure.com/{organization}/{project}/_build?definitionId={pipeline_id}.",
    ),
    "http": (
        "Does the address answer from outside within seconds? Does the header's token fit?",
        "Look at the log of the receiver at {url}.",
    ),
}


class Trial:
    """One notification on its way through one channel."""

    def __init__(
        self, client: PlatformClient, channel: JsonObject, envelope: JsonObject, clock: Clock
    ) -> None:
        inner = unfold(envelope.get("notification"))
        self._kind = Kind.LINK if inner.get("link") else Kind.SERVICE
        self._entity = str(unfold(inner.get(self._kind)).get("id"))
        self._action = str(inner.get("id"))
        self._client, self._channel, self._clock = client, channel, clock
        self._path = f"/notification/{quote(str(envelope.get('id')), safe='')}"
        slug = unfold(inner.get("service")).get("slug")
        self.what = f"action {self._action}, {inner.get('type')} of {slug}"
        self.before = self._status()

    def follow(self, start: float, end: float) -> Iterator[tuple[str, str]]:
        """Send, then yield each stage and what is seen: accepted, started, reported back.

        `start` and `end` are how many seconds the last two may take. Raise PlatformError for a
        stage that does not come.
        """
        body: JsonObject = {"channel_ids": [self._channel["id"]]}
        what = "send the notification again"
        sent = self._client.call("POST", f"{self._path}/resend", body, what=what, policy=ONCE)
        self._path = f"/notification/{quote(str(sent['id']), safe='')}"
        status, message = self._wait(self._delivery, _ACCEPT_SECONDS) or ("", "no answer")
        if status != "success":
            raise self._missing("accepted", message, 0)
        yield "accepted", message
        if self.before != PENDING:
            yield "no start", f"the action was {self.before} before, so that no run begins it"
            return
        stages = (("started", PENDING, start), ("reported back", "in_progress", end))
        for stage, past, seconds in stages:
            seen = self._wait(partial(self._left, past), seconds)
            if seen is None:
                raise self._missing(stage, f"{past} for {seconds:g} s", 1)
            yield stage, seen[0]

    def _wait(self, look: Callable[[], _Seen], seconds: float) -> _Seen:
        last = self._clock.clock() + seconds
        while not (seen := look()) and self._clock.clock() < last:
            self._clock.pause(_PAUSE)
        return seen

    def _left(self, past: str) -> _Seen:
        return None if (now := self._status()) == past else (now, "")

    def _status(self) -> str:
        return str(self._client.read_action(self._kind, self._entity, self._action).get("status"))

    def _delivery(self) -> _Seen:
        """Return the status of the delivery to this channel and why; None while it is under way."""
        rows = self._client.call("GET", f"{self._path}/result", what="read the delivery")
        found = rows.get("results")
        for row in map(unfold, found if isinstance(found, list) else ()):
            if row.get("channel_id") == self._channel["id"] and row.get("status") != PENDING:
                return str(row.get("status")), str(row.get("message") or row.get("status"))
        return None

    def _missing(self, stage: str, seen: str, which: int) -> PlatformError:
        look = _LOOK.get(str(self._channel.get("type")), ("Look where it leads.",) * 2)[which]
        return PlatformError(
            f"Channel {name_channel(self._channel)}: not {stage} ({seen}).",
            hint=look.format_map(unfold(self._channel.get("configuration"))),
            reason=ReasonCode.RUN_NOT_STARTED,
        )


def find_notification(client: PlatformClient, nrn: str, slugs: Sequence[str]) -> JsonObject:
    """Return the newest notification of these services at a place and below."""
    for envelope in list_sent(client, nrn):
        service = unfold(unfold(envelope.get("notification")).get("service"))
        if unfold(service.get("specification")).get("slug") in slugs:
            return envelope
    raise PlatformError(
        f"The platform shows no notification of this catalog's services at {nrn}.",
        hint="Press Create on the platform, or name one with --notification.",
        reason=ReasonCode.PLATFORM_REFUSED,
    )

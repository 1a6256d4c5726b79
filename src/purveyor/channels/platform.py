"""Asks the platform for channels, and tells what would change in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.catalog.document import unfold
from purveyor.channels.model import TARGETS, target_of
from purveyor.client import ONCE
from purveyor.client.lists import list_rows
from purveyor.json_text import list_differences
from purveyor.redaction import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject, JsonValue

CHANNEL = "/notification/channel"


def list_channels(client: PlatformClient, nrn: str) -> list[JsonObject]:
    """Return the channels of a place, of those above, which serve it too, and of those below."""
    levels = nrn.split(":")
    above = [{"nrn": ":".join(levels[:depth])} for depth in range(1, len(levels))]
    queries = [{"nrn": nrn, "showDescendants": "true"}, *above]
    rows = (each for query in queries for each in list_rows(client, CHANNEL, query))
    return list({str(each.get("id")): each for each in rows}.values())


def find_same(channels: Iterable[JsonObject], wanted: JsonObject) -> JsonObject:
    """Return the channel of the same place, type and target; an empty one where there is none."""

    def identify(channel: JsonObject) -> tuple[JsonValue, ...]:
        return channel.get("nrn"), channel.get("type"), target_of(channel)

    return next((each for each in channels if identify(each) == identify(wanted)), {})


def save_channel(
    client: PlatformClient, current: JsonObject, wanted: JsonObject, paths: Iterable[str]
) -> tuple[str, JsonObject]:
    """Make a channel, or change what differs at `paths`; return what was done, and the channel."""
    if not current:
        made = client.call("POST", CHANNEL, wanted, what="create the channel", policy=ONCE)
        return "created", {**wanted, "id": made.get("id")}
    body = {name: wanted[name] for name in {path.partition(".")[0] for path in paths}}
    if not body:
        return "unchanged", current
    client.call("PATCH", f"{CHANNEL}/{current['id']}", body, what="update the channel")
    return "updated", {**current, **wanted}


def mask(channel: JsonObject) -> JsonObject:
    """Return a channel without what may be secret: headers, and what a strange type has."""
    known = channel.get("type") in TARGETS
    configuration: JsonObject = {
        name: dict.fromkeys(unfold(value), MASK) if name == "headers" else value if known else MASK
        for name, value in unfold(channel.get("configuration")).items()
    }
    return {**channel, "configuration": configuration}


def list_changes(current: JsonObject, wanted: JsonObject) -> list[tuple[str, str, str]]:
    """Return path, value now and value wanted of all that differs; a header's is masked."""
    found = list_differences(current, wanted)
    return [(path, _tell(path, now), _tell(path, then)) for path, now, then in found]


def _tell(path: str, value: str) -> str:
    return MASK if ".headers." in path and value != "-" else value

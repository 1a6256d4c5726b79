"""A second, lenient reading of a refused CONTEXT: whose action it is, so that it can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.notification.fields import FaultyActionError, read_id
from purveyor.notification.text import unquote

if TYPE_CHECKING:
    from purveyor.errors import ContextError
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.notification.source import ContextSource

_NONE = Specification("", "")


def recognise(error: ContextError, origin: ContextSource) -> ContextError:
    """Return the error, as a FaultyActionError where the action and its entity can be named.

    Ids have the same letters and limits as in a sound CONTEXT, and are used for nothing but to
    tell the failure. What is not ours to serve stays untold.
    """
    inner = _unwrap(json_text.skim(unquote(origin.text.strip())))
    service, link = _part(inner, "service"), _part(inner, "link")
    ids = [read_id(each.get("id")) for each in (inner, service, link)]
    known = isinstance(error, FaultyActionError) or not (ids[0] and any(ids[1:]))
    if known or service.get("type") == "scope":
        return error
    action = ActionContext(
        id=ids[0],
        operation=Operation.CUSTOM,
        service=Entity(Kind.SERVICE, ids[1], "", _NONE),
        link=Entity(Kind.LINK, ids[2], "", _NONE) if ids[2] else None,
    )
    return FaultyActionError(error, action)


def _unwrap(value: JsonValue) -> JsonObject:
    """Take away envelopes, and lists of one."""
    while True:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and "notification" in value:
            value = value["notification"]
        else:
            return value if isinstance(value, dict) else {}


def _part(holder: JsonObject, key: str) -> JsonObject:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}

"""What the platform itself says of an action takes the place of what a notification says of it.

Whoever can send, or forge, a notification can then at most point to an action that is really open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text, notification
from purveyor.action import Kind
from purveyor.errors import ContextError, ReasonCode
from purveyor.notification import FaultyActionError

if TYPE_CHECKING:
    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject, JsonValue


def confirm(client: PlatformClient, body: bytes) -> bytes:
    """Return the notification with the platform's own operation, parameters and specifications.

    Raise PurveyorError where the platform does not answer, or has no such action. What has faults
    stays as it is: its run only tells of them.
    """
    inner = notification.parse_notification(notification.read_source(body, "the body"))
    try:
        asked = notification.read_action(inner)
    except FaultyActionError:
        return body
    action = client.read_action(asked.kind, asked.entity.id, asked.id)
    specification = client.read_action_specification(str(action.get("specification_id")))
    inner |= {
        "type": action.get("type") or specification.get("type"),
        "specification": _identity(specification),
        "parameters": _parameters(action, inner),
        "service": _entity(client, Kind.SERVICE, inner),
    }
    if asked.link is not None:
        inner["link"] = _entity(client, Kind.LINK, inner)
    return json_text.write({"notification": inner}).encode()


def _identity(document: JsonObject) -> JsonObject:
    return {"id": document.get("id"), "slug": document.get("slug")}


def _parameters(action: JsonObject, inner: JsonObject) -> JsonValue:
    """Take the notification's word for what the platform shows as null: secrets; and for traces."""
    shown, given = action.get("parameters"), inner.get("parameters")
    if not isinstance(shown, dict) or not isinstance(given, dict):
        return shown if isinstance(shown, dict) else {}
    known = {name: given.get(name) if value is None else value for name, value in shown.items()}
    return {**known, **{k: v for k, v in given.items() if notification.is_carrier(k)}}


def _entity(client: PlatformClient, kind: Kind, inner: JsonObject) -> JsonObject:
    given = inner[kind]
    assert isinstance(given, dict)  # noqa: S101 - read_action has read it
    shown = client.read_entity(kind, str(given.get("id")))
    service = inner["service"]
    if kind is Kind.LINK and isinstance(service, dict) and shown["service_id"] != service["id"]:
        raise ContextError(
            "The link belongs to another service than the notification says.",
            hint="Nothing was done: no platform sends this.",
            reason=ReasonCode.CONTEXT_INVALID,
        )
    specification = client.read_specification(kind, str(shown.get("specification_id")))
    return {
        **given,
        "slug": shown.get("slug"),
        "dimensions": shown.get("dimensions"),
        "specification": _identity(specification),
    }

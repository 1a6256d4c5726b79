"""From a request's body to the delivery that is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import notification
from purveyor.inbox.model import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject


def read_delivery(body: bytes, now: float, serves: Callable[[str, str], bool]) -> Delivery | None:
    """Return the delivery; None where nothing serves its specification. Raise ContextError.

    Only what it takes to keep and to order it is read; of other faults its run tells the platform.
    """
    inner = notification.parse_notification(notification.read_source(body, "the body"))
    service, link = inner.get("service"), inner.get("link")
    entity, kind = (link, "link") if isinstance(link, dict) else (service, "service")
    action_id = notification.read_id(inner.get("id"))
    entity_id = notification.read_id(entity.get("id")) if isinstance(entity, dict) else ""
    slug = _slug(service) if isinstance(service, dict) and service.get("type") != "scope" else ""
    if not (action_id and entity_id and slug):
        notification.read_action(inner)  # raises, and says what is missing
    operation = str(inner.get("type"))
    if not serves(slug, _slug(link) if isinstance(link, dict) else ""):
        return None
    return Delivery(
        action_id=action_id,
        entity=f"{kind}/{entity_id}",
        specification=slug,
        # Only shown; PostgreSQL refuses a text with a NUL, and with it all that came beside.
        operation=operation[:20] if operation.isascii() and operation.isalnum() else "unknown",
        body=body,
        received_at=now,
    )


def _slug(entity: JsonObject) -> str:
    specification = entity.get("specification")
    slug = specification.get("slug") if isinstance(specification, dict) else None
    return slug if isinstance(slug, str) else ""

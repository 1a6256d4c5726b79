"""From a request's body to the delivery that is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import notification
from purveyor.entity import EntityRef
from purveyor.errors import ContextError
from purveyor.inbox.model import Delivery
from purveyor.notification import FaultyActionError

if TYPE_CHECKING:
    from collections.abc import Callable


def read_delivery(body: bytes, now: float, serves: Callable[[str, str], bool]) -> Delivery | None:
    """Return the delivery; None where nothing serves its specification. Raise ContextError.

    A CONTEXT with faults is taken where it says whose they are: its run tells the platform.
    """
    source = notification.read_source(body, "the body")
    try:
        action = notification.read_action(notification.parse_notification(source))
    except ContextError as error:
        if not isinstance(error, FaultyActionError):
            raise
        action = error.action
        if not action.service.specification.slug:
            raise
    link = action.link.specification.slug if action.link else ""
    if not serves(action.service.specification.slug, link):
        return None
    return Delivery(
        action_id=action.id,
        entity=str(EntityRef.of(action.entity)),
        specification=action.service.specification.slug,
        operation=action.operation.value,
        body=body,
        received_at=now,
    )

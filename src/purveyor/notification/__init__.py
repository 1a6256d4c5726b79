"""From the text that a CI hands over to the frozen view of one action."""

from purveyor.notification.fields import FaultyActionError, is_carrier, read_action, read_id
from purveyor.notification.source import (
    ContextSource,
    read_source,
    refuse_injected,
    take_context,
)
from purveyor.notification.text import parse_notification, recognise, unquote

__all__ = [
    "ContextSource",
    "FaultyActionError",
    "is_carrier",
    "parse_notification",
    "read_action",
    "read_id",
    "read_source",
    "recognise",
    "refuse_injected",
    "take_context",
    "unquote",
]

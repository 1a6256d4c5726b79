"""From the text that a CI hands over to the frozen view of one action."""

from purveyor.notification.fields import FaultyActionError, read_action
from purveyor.notification.ids import recognise
from purveyor.notification.origin import Origin, take_context
from purveyor.notification.splicing import refuse_spliced
from purveyor.notification.text import parse_notification

__all__ = [
    "FaultyActionError",
    "Origin",
    "parse_notification",
    "read_action",
    "recognise",
    "refuse_spliced",
    "take_context",
]

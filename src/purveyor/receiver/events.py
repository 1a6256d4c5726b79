"""What happens in the receiver, told as it happens: one JSON line each, and to whoever counts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Callable


class Tell(Protocol):
    """Takes an event: its name, and what belongs to it. Nothing of a body, no secret."""

    def __call__(self, event: str, /, **fields: object) -> None: ...


def log_events(write: Callable[[str], object]) -> Tell:
    """Return what writes each event as one line, and let uvicorn's own words be lines of it."""

    def tell(event: str, /, **fields: object) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        write(json_text.write({"at": at, "event": event, **fields}))

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell("server", level=record.levelname.lower(), message=record.getMessage())

    logging.getLogger("uvicorn").handlers = [Lines(logging.WARNING)]
    return tell


def tell_all(*listeners: Tell) -> Tell:
    def tell(event: str, /, **fields: object) -> None:
        for each in listeners:
            each(event, **fields)

    return tell

"""What the emulator received: kept in memory, and line by line in a file if one is named."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.redaction import MASK
from purveyor_emulator.records import now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from purveyor.json_text import JsonObject, JsonValue

KEPT = 10_000
_LOGIN = frozenset({"api_key", "apikey", "refresh_token", "access_token"})
_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


@dataclass(slots=True)
class Received:
    """One request. `body` is its JSON value, or its text where that is no JSON.

    `status` is the answer's, None while there is none or when the connection was dropped.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: JsonValue
    status: int | None = None
    fault: str = ""
    at: str = field(default_factory=now)

    def document(self) -> JsonObject:
        """Return the request as it came, secrets included."""
        return {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": dict(self.headers),
            "body": self.body,
            "status": self.status,
            "fault": self.fault,
        }

    def masked(self, secret_names: Collection[str]) -> JsonObject:
        """Return the request for eyes and files: credentials and secret attributes starred out.

        Masked by name only: a secret that a program put into a message stays to be seen there.
        """
        headers: JsonObject = {
            name: MASK if name in _CREDENTIALS else value for name, value in self.headers.items()
        }
        body = _masked(self.body, {*secret_names, *_LOGIN})
        return {**self.document(), "headers": headers, "body": body}


class Recorder:
    """Keeps the last requests; raises OSError at once when the log file cannot be written."""

    def __init__(self, secret_names: Callable[[], Collection[str]], log: Path | None) -> None:
        self._secret_names = secret_names
        self._log = log
        self._lock = threading.Lock()
        self._received: deque[Received] = deque(maxlen=KEPT)
        if log is not None:
            log.open("a", encoding="utf-8").close()

    def add(self, received: Received) -> None:
        """Keep a request."""
        with self._lock:
            self._received.append(received)

    def end(self, received: Received) -> None:
        """Write an answered (or dropped) request to the log file."""
        if self._log is None:
            return
        line = json_text.write(received.masked(self._secret_names()))
        with self._lock, self._log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def all(self) -> list[Received]:
        """Return what is kept, oldest first."""
        with self._lock:
            return list(self._received)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._received.clear()

    def masked(self) -> list[JsonObject]:
        """Return all requests for eyes."""
        names = self._secret_names()
        return [each.masked(names) for each in self.all()]


def _masked(value: JsonValue, names: Collection[str]) -> JsonValue:
    if isinstance(value, dict):
        return {
            name: MASK if name in names and each is not None else _masked(each, names)
            for name, each in value.items()
        }
    return [_masked(each, names) for each in value] if isinstance(value, list) else value

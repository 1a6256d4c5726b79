"""A server of the engines' `http` protocol that refuses, or is slow, as a test wants it."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class RefusingStates:
    """`refuse` maps a method to the status it gets; `slow` is a save's length in seconds."""

    url: str = ""
    states: dict[str, bytes] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    slow: float = 0.0
    saving: int = 0

    def serial(self) -> int:
        """Return the serial of the only state."""
        (content,) = self.states.values()
        document = json_text.parse(content.decode())
        assert isinstance(document, dict)
        assert isinstance(document["serial"], int)
        return document["serial"]


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: RefusingStates

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.path.partition("?")[0]
        status, answer = self._answer(name, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = do_LOCK = do_UNLOCK = _serve  # noqa: N815 - see above

    def _answer(self, name: str, body: bytes) -> tuple[int, bytes]:
        kept = self.kept
        if self.command in kept.refuse:
            return kept.refuse[self.command], b"No."
        match self.command:
            case "LOCK":
                holder = kept.locks.setdefault(name, body.decode())
                return (200, b"") if holder == body.decode() else (423, holder.encode())
            case "UNLOCK":
                kept.locks.pop(name, None)
            case "POST":
                kept.saving += 1
                time.sleep(kept.slow)
                kept.states[name] = body
            case "DELETE":
                kept.states.pop(name, None)
            case _:
                content = kept.states.get(name)
                return (404, b"") if content is None else (200, content)
        return 200, b""


@contextlib.contextmanager
def run_refusing_states() -> Iterator[RefusingStates]:
    """Run a server on a free port of loopback."""
    kept = RefusingStates()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (_Door,), {"kept": kept}))
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A place for states over the engines' `http` protocol that fails on demand."""

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

_OK, _MISSING, _CONFLICT, _LOCKED = 200, 404, 409, 423


@dataclass(slots=True)
class StateServer:
    """What the server keeps, and how it fails.

    `refuse` maps a method (`POST`, `LOCK`, …) to the status that it gets; `slow` maps one to
    seconds before it is answered; `lose` names methods that are not carried out and cut without
    an answer, `silence` those that are carried out and then cut. `requested` are the methods
    that came in.
    """

    url: str = ""
    states: dict[str, str] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    lose: set[str] = field(default_factory=set)
    silence: set[str] = field(default_factory=set)
    requested: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def mend(self) -> None:
        """Let everything work again."""
        self.refuse.clear()
        self.slow.clear()
        self.lose.clear()
        self.silence.clear()

    def text(self, entity: str) -> str | None:
        """Return an entity's state; None when there is none."""
        return next((text for name, text in self.states.items() if entity in name), None)

    def locked(self, entity: str) -> bool:
        """Tell whether a lock is held."""
        return any(entity in name for name in self.locks)

    def answer(self, method: str, name: str, body: str, given: str) -> tuple[int, str]:
        """Carry out one request."""
        holder = self.locks.get(name)
        match method:
            case "GET":
                text = self.states.get(name)
                return (_MISSING, "") if text is None else (_OK, text)
            case "LOCK":
                return (_LOCKED, holder) if holder else (_OK, self.locks.setdefault(name, body))
            case "UNLOCK":
                self.locks.pop(name, None)
            case "DELETE":
                self.states.pop(name, None)
            case _ if holder is not None and _id(holder) != given:
                return _CONFLICT, holder
            case _:
                self.states[name] = body
        return _OK, ""


class _StateRequests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: StateServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""

    def _serve(self) -> None:
        kept, method = self.kept, self.command
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        name, _, query = self.path.partition("?")
        kept.requested.append(method)
        time.sleep(kept.slow.get(method, 0.0))
        if method in kept.lose:
            self.close_connection = True
            return
        if method in kept.refuse:
            status, answer = kept.refuse[method], "No."
        else:
            with kept.guard:
                status, answer = kept.answer(method, name, body, query.removeprefix("ID="))
        if method in kept.silence:
            self.close_connection = True
            return
        with contextlib.suppress(OSError):  # nobody may be left to hear it
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

    do_GET = do_POST = do_DELETE = do_LOCK = do_UNLOCK = _serve  # noqa: N815 - see above


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that was killed."""


def _id(info: str) -> str:
    try:
        document = json_text.parse(info)
    except json_text.JsonTextError:
        return ""
    return str(document.get("ID", "")) if isinstance(document, dict) else ""


@contextlib.contextmanager
def run_states() -> Iterator[StateServer]:
    """Run a server on a free port of loopback; its states are below `<url>/states/`."""
    kept = StateServer()
    server = _Server(("127.0.0.1", 0), type("Door", (_StateRequests,), {"kept": kept}))
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    serve = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serve.start()
    try:
        yield kept
    finally:
        server.shutdown()
        serve.join()
        server.socket.close()

"""A small server of the engines' `http` protocol with locks, laid out plainly or as GitLab's.

The GitLab layout is a double made from GitLab's documentation of its Terraform state API; it is
not GitLab.
"""

from __future__ import annotations

import base64
import contextlib
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "tester"
PASSWORD = "http password"
PROJECT = "acme/infra"
_PLAIN = re.compile(r"/states/(?P<name>[^/]+)")
_GITLAB = re.compile(
    r"/api/v4/projects/(?P<project>[^/]+)/terraform/state/(?P<name>[A-Za-z0-9._-]+)"
    r"(?P<rest>/lock|/versions/(?P<serial>\d+))?"
)


@dataclass(slots=True)
class HttpStateServer:
    """What the server keeps, and where it listens. `requests` are `METHOD path` lines.

    `refusal` is a status that every request gets, or those alone that `refused_methods` names;
    0 for none.
    """

    url: str = ""
    states: dict[str, bytes] = field(default_factory=dict)
    versions: dict[tuple[str, int], bytes] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    login: tuple[str, str] = (USER, PASSWORD)
    refusal: int = 0
    refused_methods: tuple[str, ...] = ()
    guard: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, text: str) -> None:
        """Keep a state, and its version when it has a serial."""
        self.states[name] = text.encode()
        with contextlib.suppress(json_text.JsonTextError):
            document = json_text.parse(text, max_depth=256)
            serial = document.get("serial") if isinstance(document, dict) else None
            if isinstance(serial, int):
                self.versions[name, serial] = text.encode()


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: HttpStateServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        with self.kept.guard:
            status, answer = self._answer(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_LOCK = do_UNLOCK = _serve  # noqa: N815 - see above

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        kept, parts = self.kept, urlsplit(self.path)
        kept.requests.append(f"{self.command} {parts.path}")
        kept.bodies.append(body.decode(errors="replace"))
        if kept.refusal and self.command in (kept.refused_methods or (self.command,)):
            return kept.refusal, b"No."
        coded = base64.b64encode(":".join(kept.login).encode()).decode()
        if self.headers.get("Authorization") != f"Basic {coded}":
            return 401, b"Who are you?"
        given = parse_qs(parts.query).get("ID", [""])[0]
        if found := _PLAIN.fullmatch(parts.path):
            return self._plain(found["name"], body, given)
        if found := _GITLAB.fullmatch(parts.path):
            if unquote(found["project"]) != PROJECT:
                return 404, b"404 Project Not Found"
            return self._gitlab(found, body, given)
        return 404, b"Nothing here."

    def _plain(self, name: str, body: bytes, given: str) -> tuple[int, bytes]:
        match self.command:
            case "LOCK":
                return self._lock(name, body, refused=423)
            case "UNLOCK":
                self.kept.locks.pop(name, None)
                return 200, b""
            case _:
                return self._state(name, body, given)

    def _gitlab(self, found: re.Match[str], body: bytes, given: str) -> tuple[int, bytes]:
        name, rest = found["name"], found["rest"] or ""
        if rest.startswith("/versions/"):
            content = self.kept.versions.get((name, int(found["serial"])))
            return (404, b"404 Not found") if content is None else (200, content)
        if rest == "/lock" and self.command == "POST":
            return self._lock(name, body, refused=409)
        if rest == "/lock" and self.command == "DELETE":
            wanted = given or _id(body.decode())
            if wanted and name in self.kept.locks and _id(self.kept.locks[name]) != wanted:
                return 409, b""
            self.kept.locks.pop(name, None)
            return 200, b""
        if self.command == "DELETE" and name in self.kept.locks:
            return 409, b"Cannot remove a locked state"
        return self._state(name, body, given)

    def _lock(self, name: str, body: bytes, *, refused: int) -> tuple[int, bytes]:
        holder = self.kept.locks.setdefault(name, body.decode())
        return (200, b"") if holder == body.decode() else (refused, holder.encode())

    def _state(self, name: str, body: bytes, given: str) -> tuple[int, bytes]:
        kept = self.kept
        holder = kept.locks.get(name)
        match self.command:
            case "GET":
                content = kept.states.get(name)
                return (404, b"") if content is None else (200, content)
            case "POST" if holder is None or _id(holder) == given:
                kept.put(name, body.decode())
                return 200, b""
            case "DELETE":
                kept.states.pop(name, None)
                return 200, b""
            case _:
                return 409, (holder or "").encode()


def _id(info: str) -> str:
    try:
        document = json_text.parse(info)
    except json_text.JsonTextError:
        return ""
    return str(document.get("ID", "")) if isinstance(document, dict) else ""


@contextlib.contextmanager
def run_http_states(login: tuple[str, str] = (USER, PASSWORD)) -> Iterator[HttpStateServer]:
    """Run a server on a free port of loopback."""
    kept = HttpStateServer(login=login)
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

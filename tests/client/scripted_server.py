"""A web server on loopback that answers as it is told and remembers what it was asked."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Reply:
    """One answer. `wait` is in seconds; `drop` closes the connection instead of answering.

    `trickle` is a wait, in seconds, before each byte of the body, and with `from_head` of its head.
    """

    status: int = 200
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drop: bool = False
    trickle: float = 0.0
    from_head: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came in; `connection` is the client's port."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    connection: int


class ScriptedServer:
    """Replies in order of the script; `{}` when it has come to its end.

    `POST /token` has replies of its own: a fresh token, `token-1`, `token-2`, …, unless told else.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.script: list[Reply] = []
        self.logins: list[Reply] = []
        self._tokens = 0

    def paths(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.asked]

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.path != "/token":
            return self.script.pop(0) if self.script else Reply()
        if self.logins:
            return self.logins.pop(0)
        self._tokens += 1
        return Reply(body=token_body(f"token-{self._tokens}", seconds=3600))


def token_body(token: str, *, seconds: float | None) -> str:
    """The body of a login; `seconds` is what the token has left, None leaves it unsaid."""
    ends = {} if seconds is None else {"token_expires_at": int((time.time() + seconds) * 1000)}
    return json_text.write({"access_token": token, "organization_id": 1, **ends})


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        asked = Asked(
            self.command,
            self.path,
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length).decode(),
            self.client_address[1],
        )
        reply = self.server.scripted.reply_to(asked)
        time.sleep(reply.wait)
        if reply.drop:
            self.close_connection = True
            return
        content = reply.body.encode()
        if reply.from_head:
            content = (
                f"HTTP/1.1 200 OK\r\ncontent-length: {len(content)}\r\n\r\n{reply.body}".encode()
            )
            self._drop_by_drop(content, reply.trickle)
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self._drop_by_drop(content, reply.trickle)

    def _drop_by_drop(self, content: bytes, wait: float) -> None:
        with contextlib.suppress(OSError):  # the client may have gone
            step = 1 if wait else len(content) or 1
            for part in (content[at : at + step] for at in range(0, len(content), step)):
                time.sleep(wait)
                self.wfile.write(part)

    do_POST = do_PATCH = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    scripted: ScriptedServer

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away: some tests are about that."""


@contextlib.contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """Serve while the block runs."""
    with _Server(("127.0.0.1", 0), _Answers) as server:
        server.scripted = ScriptedServer(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.scripted
        finally:
            server.shutdown()
            thread.join()

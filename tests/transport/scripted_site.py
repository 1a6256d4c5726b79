"""A site on loopback that answers each path in one way."""

from __future__ import annotations

import gzip
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from purveyor.transport.connection import Connection, Request
from purveyor.transport.errors import NoResponseError


class Site(ThreadingHTTPServer):
    """Answers each path in one way, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.ports: set[int] = set()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


_ONWARD = {
    "/moves": "/whole",
    "/leads-to-plain-http": "http://localhost:1/file",
    "/leads-round": "/leads-round",
}


class _Asked(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.server.ports.add(self.client_address[1])
        match self.path:
            case "/hangs-up":
                self.close_connection = True
            case "/moves" | "/leads-to-plain-http" | "/leads-round" as path:
                self._answer(302, b"", location=_ONWARD[path])
            case "/lies":
                self._answer(200, b"no gzip", content_encoding="gzip")
            case "/breaks-off":
                self._answer(200, b"ab", content_length="9")
                self.close_connection = True
            case "/large":
                self._answer(200, b"x" * 3_000_000)
            case path if path.startswith("/status/"):
                self._answer(int(path.rpartition("/")[2]), b"No.")
            case _:
                self._answer(200, gzip.compress(b"whole"), content_encoding="gzip")

    def _answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content_length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def failure_of(connection: Connection, url: str) -> NoResponseError:
    with pytest.raises(NoResponseError) as caught:
        connection.send(Request("GET", url))
    return caught.value

"""A door in front of moto behind which sessions end: STS tells it, and their keys are refused."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto_server import MotoServer

_KEY = re.compile(r"Credential=([^/]+)/")
_ENDS = re.compile(r"<Expiration>[^<]*</Expiration>")
_PASSED_BACK = ("content-type", "etag", "x-amz-version-id", "x-amzn-requestid", "last-modified")


@dataclass(slots=True)
class ShortLivedAws:
    """Sessions live `seconds`; `ends` tells when each key's does, in seconds since 1970.

    `signed` are the keys of requests other than to STS, in order, and `refused` those of ended
    sessions. `sts_gives` is how many sessions STS still gives. `deny` is part of a PUT's path that
    is answered once as an ended session's.
    """

    url: str
    seconds: float
    ends: dict[str, float] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    sts_gives: int = 1 << 30
    deny: str = ""

    def note_session(self, answer: str) -> str:
        """Return STS's answer with an end that comes soon."""
        ends = float(int(time.time() + self.seconds))
        told = {name: _element(answer, name) for name in _SECRETS}
        self.ends[_element(answer, "AccessKeyId")] = ends
        self.secrets += told.values()
        text = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return _ENDS.sub(f"<Expiration>{text}</Expiration>", answer)

    def has_ended(self, key: str) -> bool:
        """Tell whether a key's session is over."""
        return time.time() >= self.ends.get(key, float("inf"))


_SECRETS = ("SecretAccessKey", "SessionToken")


class _Server(ThreadingHTTPServer):
    """The door's server; `target` is moto's host and port."""

    def __init__(self, door: ShortLivedAws, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.door = door
        self.target = target


class _Answer(BaseHTTPRequestHandler):
    """Passes a request on, unless its session has ended."""

    protocol_version = "HTTP/1.1"

    @property
    def _door(self) -> ShortLivedAws:
        assert isinstance(self.server, _Server)
        return self.server.door

    def do_GET(self) -> None:
        door = self._door
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        found = _KEY.search(self.headers.get("Authorization", ""))
        key = found[1] if found else ""
        asks_sts = b"Action=AssumeRole" in body
        if door.has_ended(key) or self._is_denied():
            door.refused.append(key)
            self._refuse()
        elif asks_sts and not door.sts_gives:
            self._send(503, b"", {})
        else:
            door.sts_gives -= asks_sts
            door.signed += [] if asks_sts else [key]
            self._pass_on(body, asks_sts=asks_sts)

    do_HEAD = do_DELETE = do_PUT = do_POST = do_GET  # noqa: N815 - the names that http.server calls

    def _is_denied(self) -> bool:
        door = self._door
        denied = bool(door.deny) and self.command == "PUT" and door.deny in self.path
        door.deny = "" if denied else door.deny
        return denied

    def _pass_on(self, body: bytes, *, asks_sts: bool) -> None:
        assert isinstance(self.server, _Server)
        link = http.client.HTTPConnection(self.server.target, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name != "Connection"}
        link.request(self.command, self.path, body, headers)
        answer = link.getresponse()
        content = answer.read()
        if asks_sts:
            content = self._door.note_session(content.decode()).encode()
        kept = {name: value for name in _PASSED_BACK if (value := answer.headers[name])}
        length = answer.headers["content-length"] if self.command == "HEAD" else None
        self._send(answer.status, content, kept, length)
        link.close()

    def _refuse(self) -> None:
        text = "<Error><Code>ExpiredToken</Code><Message>The token has expired</Message></Error>"
        if "form" in self.headers.get("Content-Type", ""):
            text = f"<ErrorResponse>{text}</ErrorResponse>"
        if self.headers.get("X-Amz-Target"):
            text = '{"__type": "ExpiredTokenException", "message": "The token has expired"}'
        self._send(400, text.encode(), {})

    def _send(
        self, status: int, content: bytes, headers: dict[str, str], length: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def run_short_lived(moto: MotoServer, seconds: float) -> Iterator[ShortLivedAws]:
    """Run the door on a free port of loopback."""
    door = ShortLivedAws("", seconds)
    with _Server(door, urlsplit(moto.url).netloc) as server:
        door.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield door
        finally:
            server.shutdown()
            thread.join()


def _element(text: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    assert found is not None, text
    return found[1].strip()

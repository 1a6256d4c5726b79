"""A bucket's metadata as Cloud Storage keeps it: patches merge, and each one counts."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bucket:
    """One bucket, None while it is missing; `interrupt` lets somebody else change it once."""

    def __init__(self, resource: dict[str, Any] | None) -> None:
        self.resource = resource
        self.interrupt = False
        self.url = ""

    def make(self, body: dict[str, Any]) -> tuple[int, object]:
        if self.resource is not None:
            return 409, {}
        self.resource = {"metageneration": "1", **body}
        return 200, self.resource

    def change(self, query: str, body: dict[str, Any]) -> tuple[int, object]:
        assert self.resource is not None
        if self.interrupt:
            self.interrupt = False
            self._patch({"labels": {"somebody": "else"}})
        if f"ifMetagenerationMatch={self.resource['metageneration']}" not in query:
            return 412, {}
        self._patch(body)
        return 200, self.resource

    def _patch(self, body: dict[str, Any]) -> None:
        assert self.resource is not None
        self.resource = _merged(self.resource, body)
        self.resource["metageneration"] = str(int(self.resource["metageneration"]) + 1)


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Merge as JSON merge patch does (RFC 7396), which Cloud Storage's PATCH follows."""
    result = dict(one)
    for name, value in other.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = _merged(result[name], value) if both else value
    return result


class _Storage(BaseHTTPRequestHandler):
    bucket: Bucket

    def do_GET(self) -> None:
        found = self.bucket.resource
        self._answer(404 if found is None else 200, found or {})

    def do_POST(self) -> None:
        assert "project=acme" in self.path
        self._answer(*self.bucket.make(self._body()))

    def do_PATCH(self) -> None:
        self._answer(*self.bucket.change(self.path, self._body()))

    def _body(self) -> dict[str, Any]:
        found = json_text.parse(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert isinstance(found, dict)
        return found

    def _answer(self, status: int, body: object) -> None:
        content = json_text.write(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def serving(bucket: Bucket) -> Iterator[Bucket]:
    """Serve one bucket on loopback."""
    answers = type("Storage", (_Storage,), {"bucket": bucket})
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        bucket.url = f"http://127.0.0.1:{server.server_port}/storage/v1/"
        try:
            yield bucket
        finally:
            server.shutdown()
            thread.join()

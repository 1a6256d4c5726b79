"""A real fake-gcs-server in a process of its own: Cloud Storage's JSON API over HTTP on loopback.

It ignores the generation on DELETE, and its answer for a missing object names no reason.
"""

from __future__ import annotations

import contextlib
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor import json_text
from store_process import free_port, run_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FakeGcsServer:
    """Where the server listens. It accepts any token."""

    url: str

    def environment(self) -> dict[str, str]:
        """Return the variables with which the engines and Purveyor reach the server."""
        return {
            "GOOGLE_OAUTH_ACCESS_TOKEN": "any token will do",
            "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": f"{self.url}/storage/v1/",
        }

    def make_bucket(self, name: str, *, versioned: bool = True) -> None:
        """Make a bucket."""
        body = {"name": name, "versioning": {"enabled": versioned}}
        self._ask("POST", "/storage/v1/b?project=any", json_text.write(body).encode())

    def put(self, bucket: str, name: str, text: str) -> None:
        """Write an object."""
        query = f"uploadType=media&name={quote(name, safe='')}"
        self._ask("POST", f"/upload/storage/v1/b/{bucket}/o?{query}", text.encode())

    def names(self, bucket: str) -> list[str]:
        """Return the names of all objects."""
        found = json_text.parse(self._ask("GET", f"/storage/v1/b/{bucket}/o"))
        assert isinstance(found, dict)
        items = found.get("items") or []
        assert isinstance(items, list)
        return [str(each["name"]) for each in items if isinstance(each, dict)]

    def _ask(self, method: str, path: str, body: bytes | None = None) -> str:
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            f"{self.url}{path}",
            method=method,
            data=body,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
            return str(answer.read().decode())


@contextlib.contextmanager
def run_fake_gcs(program: Path, folder: Path) -> Iterator[FakeGcsServer]:
    """Run a server on a free port; what it holds is gone with it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [str(program), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)]
    # Only its memory keeps earlier generations, its folders do not.
    argv += ["-backend", "memory", "-public-host", f"127.0.0.1:{port}"]
    argv += ["-external-url", url, "-log-level", "error"]
    with run_store(argv, port, folder=folder, environment={"HOME": str(folder)}):
        yield FakeGcsServer(url)

"""A real Consul server for tests: one node in memory, on loopback, with a token for everything."""

from __future__ import annotations

import contextlib
import socket
import subprocess  # noqa: TID251 - a server that outlives one call
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "8a0f2d3c-1c1b-4a2e-9d51-000000000001"
_START_SECONDS = 60
_PORTS = ("http", "dns", "grpc", "grpc_tls", "serf_lan", "serf_wan", "server")


@dataclass(frozen=True, slots=True)
class ConsulServer:
    """Where the server listens."""

    url: str

    def put(self, key: str, value: bytes) -> None:
        """Set a key."""
        self._call("PUT", f"/v1/kv/{quote(key)}", value)

    def keys(self, start: str) -> list[str]:
        """Return the keys that begin with `start`."""
        try:
            answer = self._call("GET", f"/v1/kv/{quote(start)}?keys")
        except urllib.error.HTTPError as error:
            error.close()
            return []
        document = json_text.parse(answer)
        assert isinstance(document, list)
        return [str(each) for each in document]

    def _call(self, method: str, path: str, data: bytes | None = None) -> str:
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            f"{self.url}{path}", data=data, method=method, headers={"X-Consul-Token": TOKEN}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
            return str(answer.read().decode())


@contextlib.contextmanager
def run_consul(program: Path, folder: Path) -> Iterator[ConsulServer]:
    """Run a server on free ports; its log and its configuration stay in `folder`."""
    ports: dict[str, json_text.JsonValue] = {name: _free_port() for name in _PORTS}
    ports |= {"dns": -1, "grpc": -1, "grpc_tls": -1}
    (folder / "consul.json").write_text(
        json_text.write(
            {
                "acl": {
                    "enabled": True,
                    "default_policy": "deny",
                    "tokens": {"initial_management": TOKEN},
                },
                "ports": ports,
            }
        )
    )
    log = folder / "consul.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [
                program, "agent", "-dev", "-bind=127.0.0.1", "-log-level=error",
                f"-config-file={folder / 'consul.json'}",
            ],
            cwd=folder, env={"HOME": str(folder)}, stdout=output, stderr=output,
        )  # fmt: skip
    server = ConsulServer(f"http://127.0.0.1:{ports['http']}")
    try:
        _await(server, child, log)
        yield server
    finally:
        child.terminate()
        child.wait(timeout=20)


def _await(server: ConsulServer, child: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_START_SECONDS * 10):
        with contextlib.suppress(OSError):
            server.put("ready", b"")
            return
        assert child.poll() is None, log.read_text(errors="replace")
        time.sleep(0.1)
    raise AssertionError(f"Consul did not start: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

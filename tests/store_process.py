"""A real store in a process of its own: started, awaited until it answers, ended."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess  # noqa: TID251 - a server that outlives one call
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_START_SECONDS = 60


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def run_store(
    argv: Sequence[str], port: int, *, folder: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """Run a server until the block ends; its log stays in `folder`."""
    log = folder / "log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            argv, cwd=folder, env=dict(environment), stdout=output, stderr=output
        )
    try:
        _await_port(child, port, log)
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _await_port(child: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(_START_SECONDS * 20):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if child.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"{child.args!r} did not start: {log.read_text(errors='replace')}")

"""Runs `purveyor` in processes that need not import it: forked from one that has.

To import takes half of the time that a short command needs. What runs is the same `__main__`, with
an environment, a folder, pipes, signals and an exit code of its own. Where the interpreter itself
is set otherwise (`PYTHONPATH` and its kin, locales), and where there is no fork, a new one starts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess  # noqa: TID251 - tests start the real command
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SERVER = Path(__file__).with_name("warm_server.py")
_FOR_INTERPRETERS = ("PYTHON", "LANG", "LC_")


def run_command(
    *words: str,
    cwd: Path,
    env: Mapping[str, str],
    stdin: str = "",
    timeout: float = 90.0,
) -> subprocess.CompletedProcess[str]:
    """Run `purveyor` with these words to its end; one that hangs tells where."""
    if sys.platform != "linux" or any(name.startswith(_FOR_INTERPRETERS) for name in env):
        return subprocess.run(
            [sys.executable, "-m", "purveyor", *words],
            cwd=cwd,
            env=dict(env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    with _Forked(words, cwd, env) as forked:
        return forked.communicate(stdin, timeout)


class _Forked:
    """A process that was forked for us; the socket to its parent tells how it ended."""

    def __init__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        self.words = list(words)
        self.texts: list[bytes] = [b"", b""]
        theirs, self.stdin = os.pipe()
        pipes = [os.pipe(), os.pipe()]
        request = json_text.write({"words": self.words, "cwd": str(cwd), "env": dict(env)}).encode()
        self.parent = socket.socket(socket.AF_UNIX)
        self.parent.connect(_server_address(os.getpid()))
        ends = [theirs, *(written for _, written in pipes)]
        socket.send_fds(self.parent, [len(request).to_bytes(8, "big")], ends)
        self.parent.sendall(request)
        self.pid = _receive_number(self.parent)
        for each in ends:
            os.close(each)
        self.readers = [
            threading.Thread(target=self._read, args=(number, pipe[0]))
            for number, pipe in enumerate(pipes)
        ]

    def __enter__(self) -> Self:
        for each in self.readers:
            each.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.parent.close()

    def communicate(self, text: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Write its standard input, and wait for its end."""
        begun = time.monotonic()
        with contextlib.suppress(BrokenPipeError), os.fdopen(self.stdin, "wb") as stdin:
            stdin.write(text.encode())
        self.parent.settimeout(timeout)
        hangs = False
        try:
            code = _receive_number(self.parent)
        except TimeoutError:
            hangs = True
            os.kill(self.pid, signal.SIGABRT)  # faulthandler says where each thread stands
            self.parent.settimeout(None)
            code = _receive_number(self.parent)
        for each in self.readers:
            each.join(max(0.0, begun + timeout - time.monotonic()) + 1.0)
        stdout, stderr = (each.decode() for each in self.texts)
        line = f"purveyor {' '.join(self.words)}"
        assert not hangs, f"`{line}` hangs:\n{stderr[-6000:]}"
        assert not any(each.is_alive() for each in self.readers), f"`{line}` left its output open"
        return subprocess.CompletedProcess(self.words, code, stdout, stderr)

    def _read(self, number: int, end: int) -> None:
        with os.fdopen(end, "rb") as stream:
            self.texts[number] = stream.read()


@cache
def _server_address(_worker: int) -> str:
    """Start the process that has imported everything, once a worker; it ends with us."""
    name = f"purveyor-tests-{os.getpid()}"
    server = subprocess.Popen(
        [sys.executable, str(_SERVER), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    _SERVERS.append(server)
    return f"\0{name}"  # of no file: it goes with the process


_SERVERS: list[subprocess.Popen[bytes]] = []  # their standard input ends when this process does


def _receive_number(connection: socket.socket) -> int:
    data = connection.recv(8, socket.MSG_WAITALL)
    assert len(data) == 8, "the process that forks is gone"
    return int.from_bytes(data, "big", signed=True)

"""Imports all of Purveyor, then forks a `python -m purveyor` for each request on its socket."""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import gc
import importlib
import json  # noqa: TID251 - before a fork nothing of ours may run
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
from typing import Any

# What commands import when they need it.
_LIBRARIES = (
    *("urllib3", "pydantic", "yaml", "simplejson", "packaging.specifiers", "pygohcl"),
    *("botocore.session", "botocore.endpoint", "botocore.signers", "psycopg", "google.auth"),
    *("rich.console", "rich.table", "rich.progress", "markdown_it"),
)


def main() -> None:
    """Serve until standard input ends."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0{sys.argv[1]}")  # of no file
    listener.listen(64)
    _import_everything()
    gc.collect()
    gc.freeze()
    os.write(1, b"ready\n")
    request = _serve(listener)
    if request is not None:
        _become(request)
        try:
            runpy.run_module("purveyor", run_name="__main__", alter_sys=True)
        except SystemExit as ended:
            _end(int(ended.code or 0))


def _import_everything() -> None:
    package = importlib.import_module("purveyor")
    names = [each.name for each in pkgutil.walk_packages(package.__path__, "purveyor.")]
    _read_models()
    for name in (*_LIBRARIES, *(name for name in names if name != "purveyor.__main__")):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _read_models() -> None:
    """Read what clients of AWS need of its services."""
    with contextlib.suppress(ImportError):
        importlib.import_module("shared_models")
        session = importlib.import_module("botocore.session").Session()
        session.set_credentials("none", "none")
        for service in ("s3", "dynamodb", "sts"):
            session.create_client(service, region_name="us-east-1")


def _serve(listener: socket.socket) -> dict[str, Any] | None:
    """Return in each child with what it is to be, and in the end, with nothing, here."""
    waiting: dict[int, socket.socket] = {}
    woken, wake = socket.socketpair()
    for each in (woken, wake):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    while True:
        ready = select.select([listener.fileno(), woken.fileno(), 0], [], [])[0]
        if 0 in ready:
            return None
        if woken.fileno() in ready:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
            _tell_ended(waiting)
        if listener.fileno() in ready:
            request = _fork(listener.accept()[0], waiting)
            if request is not None:
                return request


def _fork(connection: socket.socket, waiting: dict[int, socket.socket]) -> dict[str, Any] | None:
    """Return in the child with what it is to be, here with nothing."""
    length, ends, _, _ = socket.recv_fds(connection, 8, 3)
    request = connection.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL)
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, end in enumerate(ends):
            os.dup2(end, number)
        os.closerange(3, 1024)
        return dict(json.loads(request))
    for end in ends:
        os.close(end)
    waiting[pid] = connection
    with contextlib.suppress(OSError):
        connection.sendall(pid.to_bytes(8, "big"))
    return None


def _tell_ended(waiting: dict[int, socket.socket]) -> None:
    while waiting:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with contextlib.suppress(OSError), waiting.pop(pid) as connection:
            code = os.waitstatus_to_exitcode(status)
            connection.sendall(code.to_bytes(8, "big", signed=True))


def _become(request: dict[str, Any]) -> None:
    """Be as a new interpreter would with these words, in this folder and environment."""
    os.chdir(request["cwd"])
    os.environ.clear()  # noqa: TID251 - it is another process's environment from here on
    os.environ.update(request["env"])  # noqa: TID251 - see above
    tempfile.tempdir = None
    sys.argv = ["purveyor", *request["words"]]
    sys.path[0] = request["cwd"]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open to the end
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - see above
    sys.stderr = open(  # noqa: SIM115 - see above
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    faulthandler.enable()


def _end(code: int) -> None:
    """End as an interpreter does, but without taking every module apart: 55 ms (measured)."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - waits for threads
    atexit._run_exitfuncs()  # noqa: SLF001 - nothing else runs them before `os._exit`
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


main()

"""The only door to other programs: own session, output to a file, one SIGINT at most."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess  # noqa: TID251 - this file is the door
import tempfile
import threading
import time
from dataclasses import field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.interruption import Interruption
from purveyor.kept_output import DOCUMENT_ENDS, ENDS, Lines, forget_middle, read_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Command",
    "Completed",
    "Interruption",
    "find",
    "find_leaders",
    "is_gone",
    "is_same",
    "read_mark",
    "run",
]

_TAIL_SECONDS = 0.05
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Command:
    argv: tuple[str, ...]  # the first is a path, or a name on `environment`'s PATH
    cwd: Path
    environment: Mapping[str, str]
    stdin: str = field(default="", repr=False)
    # A file that is to hold its output even when nobody lives to read it.
    stdout: Path | None = None
    # The words by which it tells that an interrupt has reached it; empty when it tells nothing.
    acknowledges: bytes = b""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended. `code` is negative for a signal; 127 when it was not found.

    `stdout` and `stderr` have LEFT_OUT as a line in the place of what was too much to keep.
    """

    code: int
    stdout: str
    stderr: str


def find(name: str, environment: Mapping[str, str]) -> Path | None:
    found = shutil.which(name, path=environment.get("PATH", os.defpath))
    return Path(found) if found else None


def read_mark(pid: int) -> str:
    """Return what tells a process from a later one with its id; empty where nothing does.

    It is the start time in Linux' /proc/<pid>/stat, in ticks since boot (man 5 proc).
    """
    return (_read_stat(pid) or [""] * 20)[19]


def is_same(pid: int, mark: str) -> bool:
    """Return whether the process still runs; one that waits to be reaped does not."""
    if pid <= 0 or is_gone(pid):
        return False
    stat = _read_stat(pid)
    return stat is None or (stat[0] not in {"Z", "X"} and mark in {"", stat[19]})


def find_leaders(folder: Path) -> list[int]:
    """Return the ids of session leaders that work below `folder`: programs that `run` started.

    Empty where there is no /proc.
    """
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        pid = int(place.name)
        with contextlib.suppress(OSError):
            stat = _read_stat(pid)
            leads = stat is not None and stat[3] == place.name and stat[0] != "Z"
            if leads and (place / "cwd").readlink().is_relative_to(folder):
                found.append(pid)
    return found


def _read_stat(pid: int) -> list[str] | None:
    """Return the fields after the name: state, parent, group, session and so on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def is_gone(pid: int) -> bool:
    """Return whether no process of this machine has this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def run(
    command: Command,
    *,
    on_line: Callable[[str], None] | None = None,
    interruption: Interruption | None = None,
    timeout: float | None = None,
) -> Completed:
    """Run a program to its end and sweep its process group.

    Its output goes to private files, which a parent's death does not break, and `on_line` gets
    each line of stdout as it comes, or LEFT_OUT for one of more than 8 MiB. After `timeout` seconds
    the group is killed. What is kept is bounded, in memory and (on Linux) on disk: the first and
    the last MiB; of stdout that nobody follows, which is a document, 64 MiB.
    """
    ends = DOCUMENT_ENDS if on_line is None else ENDS
    with _output(command.stdout) as out, tempfile.TemporaryFile() as err:
        try:
            child = _start(command, out, err)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            return Completed(127, "", f"{command.argv[0]}: {error.strerror}")
        lines = Lines(out.fileno(), on_line)

        def read() -> bool:
            more = lines.read()
            forget_middle(out, ends, lines.seen)
            forget_middle(err)
            return more

        try:
            _attend(
                child,
                read,
                interruption or Interruption(),
                timeout,
                told=lambda: bool(command.acknowledges) and command.acknowledges in _tail(out),
            )
            lines.end()
        finally:
            _sweep(child.pid)
        return Completed(child.returncode, read_ends(out, ends), read_ends(err))


def _output(kept: Path | None) -> IO[bytes]:
    if kept is None:
        return tempfile.TemporaryFile()
    kept.unlink(missing_ok=True)
    return os.fdopen(os.open(kept, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _start(command: Command, out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as stdin:
        stdin.write(command.stdin.encode())
        stdin.seek(0)
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=dict(command.environment),
            stdin=stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
            umask=0o077,
        )


def _attend(
    child: subprocess.Popen[bytes],
    read: Callable[[], bool],
    interruption: Interruption,
    timeout: float | None,
    *,
    told: Callable[[], bool],
) -> None:
    """Read on until the program's end; pass on an interrupt that it has not been `told` of."""
    ended = threading.Event()

    def wait() -> None:
        child.wait()
        ended.set()

    with interruption.passed_to(child.pid):
        try:
            threading.Thread(target=wait, daemon=True).start()
            deadline = math.inf if timeout is None else time.monotonic() + timeout
            behind = False
            while not ended.wait(0 if behind else _TAIL_SECONDS):
                behind = read()
                interruption.pass_on_unless(heard=told)
                if time.monotonic() >= deadline:
                    _sweep(child.pid)
                    deadline = math.inf
            while read():
                pass
        except BaseException:
            # Nobody reads on, but the program still gets its chance to end in order.
            interruption.pass_on()
            child.wait()
            raise


def _sweep(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _tail(stream: IO[bytes]) -> bytes:
    end = os.fstat(stream.fileno()).st_size
    return os.pread(stream.fileno(), _CHUNK, max(0, end - _CHUNK))

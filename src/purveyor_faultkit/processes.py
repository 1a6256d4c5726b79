"""Finds the processes of one run, wherever they went: by a mark in their environment."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal

MARK = "PURVEYOR_FAULTKIT_RUN"


@dataclass(frozen=True, slots=True)
class MarkedProcess:
    """One process: its id and its argument list."""

    pid: int
    argv: tuple[str, ...]


def find_marked(mark: str) -> list[MarkedProcess]:
    """Return the processes that carry the mark and are not dead yet, highest id first."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # One that was just forked has its parent's environment and argv; both are whole.
            if wanted in (place / "environ").read_bytes().split(b"\0"):
                argv = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found.append(MarkedProcess(int(place.name), tuple(argv)))
    return sorted(found, key=lambda each: -each.pid)


def find_engine(mark: str, command: str = "") -> int | None:
    """Return the id of an engine that carries out a command such as `init`; None without one.

    Without a command any will do.
    """
    for each in find_marked(mark):
        name = Path(each.argv[0]).name
        verb = each.argv[1] if len(each.argv) > 1 else ""
        if name in {"terraform", "tofu"} and verb and command in {"", verb}:
            return each.pid
    return None


def send(number: signal.Signals, pids: list[int]) -> None:
    """Send a signal to each that still is there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)

"""Cells whose run has odd surroundings: outputs, folders for passing files, masks of rights."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from fault_deeds import Deed, opened, request_action
from fault_fixtures import Row, follow_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# What a shell does before it becomes the command.
SURROUNDINGS: Mapping[str, str] = {
    "stdout closed": 'exec "$@" >&-',
    "stderr closed": 'exec "$@" 2>&-',
    "stdin, stdout and stderr closed": 'exec "$@" <&- >&- 2>&-',
    "stdout and stderr full": 'exec "$@" >/dev/full 2>/dev/full',
    "stdout and stderr go to nobody": 'exec "$@" 2>&1 | true; sleep 0',
    "TMPDIR missing": 'TMPDIR="$PWD/nowhere" exec "$@"',
    "TMPDIR that nobody may write": 'TMPDIR=/proc exec "$@"',
    "TMPDIR that is a file": 'TMPDIR=/etc/passwd exec "$@"',
    "umask 777": 'umask 777; exec "$@"',
    "umask 000": 'umask 000; exec "$@"',
    "HOME missing": 'HOME="$PWD/nowhere" exec "$@"',
    "HOME that nobody may write": 'HOME=/proc exec "$@"',
    "no HOME": 'unset HOME; exec "$@"',
    "32 open files": 'ulimit -n 32; exec "$@"',
    "300 MB of memory": 'ulimit -v 300000; exec "$@"',
}


def odd_surroundings(folder: Path, environment: Mapping[str, str], deed: Deed, *, name: str) -> Row:
    """The run, and the finish after it, live in such surroundings; the next run does not."""
    own = {key: text for key, text in environment.items() if key != "PURVEYOR_CACHE"}
    with opened(folder, own) as harness:
        requested = request_action(harness, deed)
        odd = dataclasses.replace(harness, before=("/bin/sh", "-c", SURROUNDINGS[name], "sh"))
        started = odd.start(requested)
        started.end(110)
        odd.finish(requested)
        return follow_up(harness, requested, (name, "the whole run"), started, deed=deed)

"""The secrets of a session that another program renews, learnt from the file that it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Callable

_SECRETS = ("SecretAccessKey", "SessionToken")


def watch_session(path: str) -> Callable[[], tuple[str, ...]]:
    """Return what gives the file's secrets each time the file is another one; else nothing.

    The program replaces the file before it prints a session, and only when half of a session's
    life is over, so that a session is in the file before anybody can have it. A look costs some
    microseconds.
    """
    file, seen = Path(path), (0, 0)

    def look() -> tuple[str, ...]:
        nonlocal seen
        try:
            stat = file.stat()
            if (stat.st_ino, stat.st_mtime_ns) == seen:
                return ()
            document = json_text.parse(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        seen = stat.st_ino, stat.st_mtime_ns
        held = document if isinstance(document, dict) else {}
        return tuple(value for name in _SECRETS if isinstance(value := held.get(name), str))

    return look

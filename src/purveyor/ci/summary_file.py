"""The summary's file: appended to, never above the vendors' limit."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from purveyor.ci.html import write_html

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.ci.console import Console

# GitHub drops a step's whole summary above 1 MiB (its runner's source).
LIMIT = 1024 * 1024
_NOTE = "\n\n(The summary was longer than 1 MiB and ends here; the log has the rest.)\n"


def append_summary(console: Console, path: Path, markdown: str) -> bool:
    """Add a page to the file, cut to what the limit leaves; False when it cannot be written.

    It is HTML where the file's name says so: GitLab shows Markdown of an artifact as plain text.
    """
    text = write_html(markdown) if path.suffix.lower() in {".html", ".htm"} else markdown
    present = 0
    with contextlib.suppress(OSError):
        present = path.stat().st_size
    data = cut_summary(text, LIMIT - present)
    return console.append(path, data, what="The summary")


def cut_summary(text: str, limit: int) -> bytes:
    """Return the text as UTF-8 of at most `limit` bytes, cut at a line's end with a note."""
    data = f"{text.rstrip()}\n".encode(errors="backslashreplace")
    if len(data) <= limit:
        return data
    note = _NOTE.encode()
    kept = data[: max(limit - len(note), 0)]
    end = kept.rfind(b"\n")
    kept = (kept[:end] if end > 0 else kept).decode(errors="ignore").encode()
    return kept + note if len(kept) + len(note) <= limit else b""

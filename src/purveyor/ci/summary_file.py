"""The summary's file: appended to, as Markdown or HTML, never above the vendors' limit."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.ci.console import Console

# GitHub drops a step's whole summary above 1 MiB (its runner's source).
LIMIT = 1024 * 1024
_NOTE = "\n\n(The summary was longer than 1 MiB and ends here; the log has the rest.)\n"

_HEAD = (
    '<!doctype html><meta charset="utf-8"><title>Purveyor</title><style>'
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:60rem;padding:0 1rem}td,th{border:1px solid #8888;padding:.3rem .7rem;"
    "text-align:left;overflow-wrap:anywhere}table{border-collapse:collapse}"
    "code{background:#8882;padding:.1rem .3rem}</style>\n"
)


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


def write_html(markdown: str) -> str:
    """Return the page that the Markdown stands for; HTML within is text."""
    from markdown_it import MarkdownIt

    return _HEAD + str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))

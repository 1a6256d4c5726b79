"""A page in HTML, for a summary that is kept as a file of its own."""

from __future__ import annotations

_HEAD = (
    '<!doctype html><meta charset="utf-8"><title>Purveyor</title><style>'
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:60rem;padding:0 1rem}td,th{border:1px solid #8888;padding:.3rem .7rem;"
    "text-align:left;overflow-wrap:anywhere}table{border-collapse:collapse}"
    "code{background:#8882;padding:.1rem .3rem}</style>\n"
)


def write_html(markdown: str) -> str:
    """Return the page that the Markdown stands for; HTML within is text."""
    from markdown_it import MarkdownIt

    return _HEAD + str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))

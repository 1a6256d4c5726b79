"""A page's parts in HTML, for a summary that is kept as a file of its own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from purveyor.ci.markdown import CODE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:60rem;padding:0 1rem}td,th{border:1px solid #8888;padding:.3rem .7rem;"
    "text-align:left;overflow-wrap:anywhere}table{border-collapse:collapse}"
    "code{background:#8882;padding:.1rem .3rem}"
)
_HEAD = f'<!doctype html><meta charset="utf-8"><title>Purveyor</title><style>{_STYLE}</style>'


class Html:
    """The same parts as `Markdown` has."""

    def text(self, text: str) -> str:
        """Show text; what stands in backticks is code."""
        parts = CODE.split(text)
        return "".join(self.code(p) if n % 2 else escape(p) for n, p in enumerate(parts))

    def code(self, text: str) -> str:
        """Show text as code."""
        return f"<code>{escape(text)}</code>" if text else ""

    def link(self, url: str) -> str:
        """Lead to an address, where it is one that can be led to."""
        shown = escape(url)
        is_one = url.startswith(("https://", "http://"))
        return f'<a href="{shown}">open it</a>' if is_one else shown

    def title(self, text: str) -> str:
        """Head a page."""
        return f"{_HEAD}\n<h2>{self.text(text)}</h2>"

    def heading(self, text: str) -> str:
        """Head a part."""
        return f"<h3>{self.text(text)}</h3>"

    def strong(self, label: str, text: str = "") -> str:
        """Show a paragraph that begins with a strong word."""
        return f"<p><strong>{self.text(label)}</strong> {self.text(text)}</p>"

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Show rows of cells."""
        head = "".join(f"<th>{each}</th>" for each in headings)
        body = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
        lines = "\n".join(f"<tr>{row}</tr>" for row in body)
        return f"<table>\n<tr>{head}</tr>\n{lines}\n</table>"

    def items(self, texts: Iterable[str]) -> str:
        """Show a list."""
        lines = "\n".join(f"<li>{self.text(each)}</li>" for each in texts)
        return f"<ul>\n{lines}\n</ul>"

    def page(self, parts: Iterable[str]) -> str:
        """Join the parts."""
        return "\n".join(parts) + "\n"

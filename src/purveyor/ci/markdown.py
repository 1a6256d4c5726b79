"""A page's parts in Markdown, as GitHub and Azure show it; foreign text is shown and no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What means something in CommonMark 0.31 or to GitHub (mentions, numbers of issues, emoji, math,
# addresses) where it stands; a reference (section 2.5) never stands for structure.
_MEANING = re.compile(
    r"[\\`*_\[\]<>&|~$@^]|:(?=\S)|#(?=\w|$)|(?i:www)\.|^[-+=#]|^\d{1,9}[.)]", re.MULTILINE
)
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_URL = re.compile(r"https?://[^\s<>()\[\]|\\\"']+")


def text(foreign: str) -> str:
    """Show one plain line; what stands in backticks is code."""
    parts = CODE.split(" ".join(foreign.split()))
    return "".join(
        code(part) if number % 2 else _MEANING.sub(_refer, part)
        for number, part in enumerate(parts)
    )


def code(foreign: str) -> str:
    """Show text as code, in a fence longer than any within; but not where a bar ends a cell."""
    inside = " ".join(foreign.split())
    if not inside or "|" in inside:
        return _MEANING.sub(_refer, inside)
    fence = "`" * (max(map(len, re.findall("`+", inside)), default=0) + 1)
    gap = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{fence}{gap}{inside}{gap}{fence}"


def link(url: str) -> str:
    """Lead to an address, where it is one that can be led to."""
    if not _URL.fullmatch(url):
        return text(url)
    return f"[open it]({quote(url, safe=':/?#@!$&+,;=%~*-._')})"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [headings, [":--" for _ in headings], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _refer(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}&#{ord(found[0][-1])};"

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
    r"[\\`*_\[\]<>&|~$@^]|:(?=\S)|#(?=\w)|(?i:www)\.|^[-+=#]|^\d{1,9}[.)]", re.MULTILINE
)
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_URL = re.compile(r"https?://[^\s<>()\[\]|\\\"']+")


class Markdown:
    """Every method returns Markdown; what they are given is plain text, but for `cells`."""

    def text(self, text: str) -> str:
        """Show text; what stands in backticks is code."""
        parts = CODE.split(" ".join(text.split()))
        return "".join(
            self.code(part) if number % 2 else _MEANING.sub(_refer, part)
            for number, part in enumerate(parts)
        )

    def code(self, text: str) -> str:
        """Show text as code, in a fence longer than any within."""
        inside = " ".join(text.split())
        fence = "`" * (max(map(len, re.findall("`+", inside)), default=0) + 1)
        gap = " " if inside.startswith("`") or inside.endswith("`") else ""
        return f"{fence}{gap}{inside}{gap}{fence}" if inside else ""

    def link(self, url: str) -> str:
        """Lead to an address, where it is one that can be led to."""
        if not _URL.fullmatch(url):
            return self.text(url)
        return f"[open it]({quote(url, safe=':/?#@!$&+,;=%~*-._')})"

    def title(self, text: str) -> str:
        """Head a page."""
        return f"### {self.text(text)}"

    def heading(self, text: str) -> str:
        """Head a part."""
        return f"#### {self.text(text)}"

    def strong(self, label: str, text: str = "") -> str:
        """Show a paragraph that begins with a strong word."""
        return f"**{self.text(label)}** {self.text(text)}".rstrip()

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Show rows of cells."""
        lines = [tuple(headings), tuple(":--" for _ in headings), *rows]
        cells = ((cell.replace("|", r"\|") for cell in line) for line in lines)
        return "\n".join(f"| {' | '.join(line)} |" for line in cells)

    def items(self, texts: Iterable[str]) -> str:
        """Show a list."""
        return "\n".join(f"- {self.text(each)}" for each in texts)

    def page(self, parts: Iterable[str]) -> str:
        """Join the parts."""
        return "\n\n".join(parts) + "\n"


def _refer(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}&#{ord(found[0][-1])};"

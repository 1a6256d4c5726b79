"""Foreign text as Markdown that shows it and does nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = re.compile(r"[A-Za-z0-9 ,./-]|[^\x00-\x7f]")


def escape(text: str) -> str:
    """Return one plain line with every character of meaning as a numeric reference.

    References cannot stand for structure (CommonMark 0.31, section 2.5): no link, image, table
    cell or HTML comes from them.
    """
    lead = "&#45;" if text.startswith("-") else ""
    body = text.removeprefix("-") if lead else text
    return lead + "".join(
        letter if _KEPT.fullmatch(letter) else f"&#{ord(letter)};" for letter in body
    )


def table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

"""Reads the fenced blocks of Markdown pages."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d+\.\d+ s|\d\d:\d\d:\d\d \S+?(?=\.?$)", re.MULTILINE)
MARK = "@@ command"
"""What a script says behind each command of a page that is played."""

_SAVED = re.compile(r"Save this as `([^`]+)`:\n\n\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, its text, and the file it is to be saved as, if any."""

    page: Path
    line: int
    language: str
    text: str
    saved_as: str = ""

    def __str__(self) -> str:
        """Name the place."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    def commands(self) -> list[str]:
        """Return the commands of a `sh` or `console` block, continued lines joined."""
        text = self.text.replace("\\\n", " ")
        if self.language == "sh":
            return [line for line in text.splitlines() if line.strip()]
        whole: list[str] = []
        for line in text.splitlines():
            if line.startswith("$ "):
                whole.append(line[2:])
            elif whole and not _closed(whole[-1]):
                whole[-1] += f"\n{line}"
        return whole


def read_blocks(page: Path) -> list[Block]:
    """Return a page's blocks in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found[2],
            re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE),
            saved[1] if (saved := _SAVED.search(text[: found.start()])) else "",
        )
        for found in _BLOCK.finditer(text)
    ]


def printed(blocks: list[Block]) -> list[str]:
    """Return what `console` blocks say each command shows."""
    shown = []
    for block in blocks:
        if block.language == "console":
            parts = f"\n{block.text}".split("\n$ ")[1:]
            shown += ["\n".join(part.split("\n")[1:]).strip() for part in parts]
    return shown


def plain(text: str) -> str:
    """Return text without what differs from run to run: ids and times."""
    return _TIME.sub("N s", _ID.sub("ID", text)).strip()


def _closed(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True

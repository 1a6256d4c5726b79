"""Pythons beside the one that runs the tests: as a tool cache or pyenv keeps them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_NAME = re.compile(r"3\.(\d+)\.\d+")


def pythons() -> list[tuple[Path, tuple[int, int]]]:
    """Return other versions' programs, the newest first; empty where there is only one."""
    found = [
        (folder / "bin" / "python3", (3, int(match[1])))
        for folder in Path(sys.executable).resolve().parents[2].glob("3.*")
        if (match := _NAME.fullmatch(folder.name)) and (folder / "bin" / "python3").exists()
    ]
    return sorted(found, key=lambda each: each[1], reverse=True)

"""What is wrong with the words that start a custom action's program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERPRETERS = ("python", "bash", "sh", "node", "ruby", "perl")


def find_command_faults(root: Path, run: Sequence[str]) -> list[tuple[int, str]]:
    """Return what is wrong with a program's words, by their numbers."""
    if not run:
        return []
    program, *arguments = run
    if "/" in program:
        return [(0, text) for text in _find_file_faults(root, program, executable=True)]
    if (root / program).is_file():
        return [(0, f'this is looked for on PATH; write "./{program}" for the catalog\'s file')]
    if program.startswith(_INTERPRETERS) and arguments and not arguments[0].startswith("-"):
        return [(1, text) for text in _find_file_faults(root, arguments[0], executable=False)]
    return []


def _find_file_faults(root: Path, name: str, *, executable: bool) -> list[str]:
    path = root / name
    if Path(name).is_absolute():
        return []
    if not path.is_file():
        return [f"there is no file {name} in the catalog's folder"]
    if not path.resolve().is_relative_to(root):
        return ["the file is outside the catalog's folder"]
    if executable and not os.access(path, os.X_OK):
        return [f"{name} is not executable"]
    return []

"""What is wrong with a module's folder before it is parsed: stray links, unreadable files."""

from __future__ import annotations

import os
from pathlib import Path

_NOT_OURS = frozenset({".terraform", ".git"})


def find_folder_faults(root: Path, folder: Path) -> list[str]:
    """Return one line for each entry below `folder` that a run could not copy or should not.

    A link that leaves `root` would work on this machine only; a link in a circle, a socket or a
    pipe would work on none.
    """
    faults: list[str] = []
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOT_OURS)
        for name in (*folders, *sorted(files)):
            path = Path(here, name)
            problem = _find_problem(root, path)
            if problem:
                faults.append(f"{path.relative_to(root)}: {problem}")
    return faults


def _find_problem(root: Path, path: Path) -> str:
    if path.is_symlink():
        target = _follow(path)
        if target is None:
            return "the link leads nowhere"
        if not target.is_relative_to(root):
            return "the link leaves the catalog's folder"
    if not path.is_file() and not path.is_dir():
        return "this is neither a file nor a folder"
    wanted = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    return "" if os.access(path, wanted) else "it may not be read"


def _follow(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None

"""Writes a file that only the run's own user can read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

LOGIN_FOLDER = "logins"
"""The folder in a run's private directory that goes away even if a state has to stay there."""


def write_private(path: Path, text: str) -> str:
    """Write the text, over any earlier file of that name; return the path as text."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return str(path)


def replace_private(path: Path, text: str) -> None:
    """Write the text so that whoever reads meanwhile gets the old text or the new one, whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise

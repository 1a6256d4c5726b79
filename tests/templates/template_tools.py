"""The programs that read and run CI templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tools:
    """Where npm's, Python's and Go's programs are."""

    folder: Path

    @property
    def npm(self) -> Path:
        """The folder that holds `node_modules`."""
        return self.folder / "npm"

    def find(self, name: str) -> Path | None:
        """Return a program's path, None when it could not be had."""
        places = ("bin", "npm/node_modules/.bin", "python/bin")
        paths = [self.folder / place / name for place in places]
        return next((path for path in paths if path.exists()), None)

    def program(self, name: str) -> Path:
        """Return a program's path; leave the test out, and say so, when it is not there."""
        found = self.find(name)
        if found is None:
            pytest.skip(f"left out: no {name}")
        return found

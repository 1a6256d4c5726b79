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

    def program(self, name: str) -> Path:
        """Return a program's path; leave the test out, and say so, when it is not there."""
        for place in ("bin", "npm/node_modules/.bin", "python/bin"):
            path = self.folder / place / name
            if path.exists():
                return path
        pytest.skip(f"left out: no {name}")

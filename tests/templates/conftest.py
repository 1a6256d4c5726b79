"""The programs that read and run CI templates; nothing is collected where they are not installed.

`make test-templates` installs them and names their folder in PURVEYOR_TEMPLATE_TOOLS.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

_TOOLS = os.environ.get("PURVEYOR_TEMPLATE_TOOLS")  # noqa: TID251 - read before tests clean it

collect_ignore_glob = [] if _TOOLS else ["*"]


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


@pytest.fixture(scope="session")
def tools() -> Tools:
    """What `make test-templates` installed."""
    assert _TOOLS
    return Tools(Path(_TOOLS))


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a runner downloads of us: no tests, no caches, no repository."""
    root = Path(__file__).parents[2]
    copy = tmp_path_factory.mktemp("downloaded") / "purveyor"
    copy.mkdir()
    for name in ("action.yml", "setup", "requirements", "src", ".github"):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy / name)
    return copy

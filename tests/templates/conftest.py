"""The programs that read and run CI templates; nothing is collected where they are not installed.

`make test-templates` installs them and names their folder in PURVEYOR_TEMPLATE_TOOLS.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from template_tools import Tools

_TOOLS = os.environ.get("PURVEYOR_TEMPLATE_TOOLS")  # noqa: TID251 - read before tests clean it

collect_ignore_glob = [] if _TOOLS else ["*"]


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

"""The programs that read and run CI templates; where there are none, only the walker is collected.

`make test-templates` installs them and names their folder in PURVEYOR_TEMPLATE_TOOLS.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from template_tools import Tools

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

_TOOLS = os.environ.get("PURVEYOR_TEMPLATE_TOOLS")  # noqa: TID251 - read before tests clean it
_PROGRAMS = (
    "act",
    "actionlint",
    "zizmor",
    "check-jsonschema",
    "esbuild",
    "node",
    "gitlab-ci-local",
)

# The walker in this folder needs none of them, the folders below do.
collect_ignore_glob = [] if _TOOLS else ["*/*", "test_start.py"]


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


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say which of these programs took part, and what could not be had."""
    if not _TOOLS:
        return
    tools = Tools(Path(_TOOLS))
    skipped = [
        report.longrepr[2].partition("left out: ")[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    left_out = ", ".join(sorted(filter(None, set(skipped)))) or "nothing"
    there = ", ".join(name for name in _PROGRAMS if tools.find(name))
    missing = ", ".join(name for name in _PROGRAMS if not tools.find(name)) or "none"
    terminalreporter.write_line(
        f"templates: {there}; missing: {missing} | {len(skipped)} tests left out: {left_out}"
    )

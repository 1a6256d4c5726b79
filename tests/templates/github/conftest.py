"""A GitHub runner: warm libraries, the example catalog with lasting states, the emulator."""

from __future__ import annotations

import os
import shutil
import subprocess  # noqa: TID251 - starts the real program
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from act_runner import PYTHON, ActRunner

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from template_tools import Tools

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """A cache folder with the run-time libraries, as a second job finds it."""
    cache = tmp_path_factory.mktemp("cache")
    environ = {**os.environ, "PURVEYOR_CACHE": str(cache)}  # noqa: TID251 - the way to the package index
    command = [str(PYTHON), "-I", str(checkout / "setup" / "start.py"), "--version"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return cache


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that forgets everything after the test."""
    with Emulator.running() as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The user's repository: the example catalog, its states on a disk that lasts."""
    folder = Path(shutil.copytree(ROOT / "examples" / "catalog", tmp_path / "catalog"))
    catalog = folder / "purveyor.yaml"
    text = catalog.read_text("utf-8")
    assert "backend:" in text
    lines = [line for line in text.splitlines() if not line.startswith("backend:")]
    lines.append(f"backend: {{type: local, path: {tmp_path / 'states'}}}")
    catalog.write_text("\n".join(lines) + "\n", "utf-8")
    (folder / ".github" / "workflows").mkdir(parents=True)
    return folder


@pytest.fixture
def runner(  # noqa: PLR0917 - pytest gives them by name
    tools: Tools,
    tmp_path: Path,
    workspace: Path,
    checkout: Path,
    warm_cache: Path,
    emulator: Emulator,
    clean_environment: dict[str, str],
    terraform: Path,
) -> ActRunner:
    """A runner that has terraform and nothing else of ours."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "terraform").symlink_to(terraform)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(warm_cache),
        "NULLPLATFORM_HOST": emulator.url,
    }
    folder = tmp_path / "runner"
    folder.mkdir()
    act = tools.program("act")
    return ActRunner(act, folder, workspace, checkout, environment)

"""Today's commands on a store that the release before the redesign has left."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from made_before_fixtures import MadeBefore, unpack

from ci_api_fixtures import CiDouble, run_ci_double
from pipeline import Pipeline
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.engines.binary import EngineBinary

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def double() -> Iterator[CiDouble]:
    """GitHub, where the killed run has ended."""
    with run_ci_double() as running:
        running.github_run("completed", conclusion="cancelled", run=107)
        yield running


@pytest.fixture
def before(
    tmp_path: Path, clean_environment: dict[str, str], engine: EngineBinary, double: CiDouble
) -> Iterator[MadeBefore]:
    """The example catalog, whose store and platform are as they were left."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / engine.path.name).symlink_to(engine.path)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
        "GITHUB_API_URL": double.url,
        "GITHUB_TOKEN": "t0ken-t0ken",
        "PURVEYOR_DEAD_AFTER": "0",
    }
    catalog = Path(shutil.copytree(EXAMPLES / "catalog", tmp_path / "catalog"))
    with Emulator.running() as emulator:
        yield unpack(Pipeline(catalog, environment, emulator), emulator)

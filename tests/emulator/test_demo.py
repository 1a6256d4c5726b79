"""The demo, from a checkout and from a package."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from purveyor import process
from purveyor.settings import read_settings

ROOT = Path(__file__).parents[2]


def start(*words: str, folder: Path) -> process.Completed:
    environment = read_settings().for_children()
    return process.run(process.Command((sys.executable, *words), folder, environment))


@pytest.mark.engine
@pytest.mark.one_engine
@pytest.mark.long
def test_each_action_of_the_demo_ends_as_it_should(tmp_path: Path) -> None:
    done = start("-m", "purveyor", "demo", folder=tmp_path)
    assert done.code == 0, done.stdout
    assert "8 actions in" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_package_holds_the_catalog_that_the_demo_plays_with(tmp_path: Path) -> None:
    done = start("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path), folder=ROOT)
    assert done.code == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = {each for each in zipfile.ZipFile(wheel).namelist() if "demo_catalog/" in each}
    assert {
        f"purveyor_emulator/demo_catalog/{each}"
        for each in (
            "purveyor.yaml",
            "modules/mysql-database/main.tf",
            "modules/mysql-database/links/database-user/actions/get-credentials/run.py",
        )
    } <= held
    assert not any(".purveyor" in each or ".terraform/" in each for each in held)

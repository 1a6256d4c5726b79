"""An engine that is missing is installed during a run only where that is wished for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from release_fixtures import VERSION, ReleaseSite, good_site, place_program

from purveyor.engines.binary import supply_engine
from purveyor.errors import EngineError, ReasonCode
from purveyor.settings import Settings
from purveyor.step import EngineRequirement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site() -> Iterator[ReleaseSite]:
    with good_site() as site:
        yield site


def settings(folder: Path, site: ReleaseSite, wished: str) -> Settings:
    return Settings(
        {
            "PATH": f"{folder}/bin:/bin",
            "PURVEYOR_CACHE": str(folder / "cache"),
            "PURVEYOR_ENGINE_RELEASES": site.address,
            "PURVEYOR_ENGINE_INSTALL": wished,
        }
    )


@pytest.mark.parametrize("version", ["", "~> 1.10", VERSION, f"= {VERSION}"])
def test_a_missing_engine_is_installed_when_that_is_wished_for(
    tmp_path: Path, site: ReleaseSite, version: str
) -> None:
    said: list[str] = []
    wish = EngineRequirement("" if not version else "opentofu", version)
    found = supply_engine(wish, settings(tmp_path, site, "true"), say=said.append)
    assert (found.name, found.version) == ("opentofu", VERSION)
    assert found.path.is_file()
    assert said


@pytest.mark.parametrize("wished", ["", "0", "false", "no"])
def test_nothing_is_installed_when_it_is_not(
    tmp_path: Path, site: ReleaseSite, wished: str
) -> None:
    with pytest.raises(EngineError) as caught:
        supply_engine(EngineRequirement(""), settings(tmp_path, site, wished), say=print)
    assert caught.value.reason is ReasonCode.ENGINE_NOT_FOUND
    assert site.asked == []


def test_an_engine_that_is_there_is_taken_instead(tmp_path: Path, site: ReleaseSite) -> None:
    place_program(tmp_path / "bin" / "terraform", "1.11.4")
    found = supply_engine(EngineRequirement(""), settings(tmp_path, site, "1"), say=print)
    assert (found.name, found.version) == ("terraform", "1.11.4")
    assert site.asked == []


@pytest.mark.parametrize(("name", "version"), [("terraform", "~> 1.5"), ("opentofu", "~> 0.1")])
def test_a_version_is_never_guessed(
    tmp_path: Path, site: ReleaseSite, name: str, version: str
) -> None:
    wish = EngineRequirement(name, version)
    with pytest.raises(EngineError) as caught:
        supply_engine(wish, settings(tmp_path, site, "1"), say=print)
    assert caught.value.reason is ReasonCode.ENGINE_NOT_FOUND
    assert site.asked == []

"""The engine that a catalog asks for is found, or the error says where it was looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from release_fixtures import place_program

from purveyor.engines.binary import EngineBinary, cache_folder, find_engine
from purveyor.engines.binary.places import cached_program
from purveyor.errors import CatalogError, EngineError, ReasonCode
from purveyor.settings import Settings
from purveyor.step import EngineRequirement

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The only folder on PATH."""
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


@pytest.fixture
def settings(tmp_path: Path, path: Path) -> Settings:
    return Settings({"PATH": f"{path}:/bin", "PURVEYOR_CACHE": str(tmp_path / "cache")})


def test_path_comes_before_the_cache(path: Path, settings: Settings) -> None:
    place_program(cached_program("opentofu", "1.12.6", settings))
    on_path = place_program(path / "tofu", "1.11.0")
    found = find_engine(EngineRequirement("opentofu"), settings)
    assert found == EngineBinary(on_path, "opentofu", "1.11.0")


def test_without_a_name_tofu_on_path_comes_before_terraform(path: Path, settings: Settings) -> None:
    place_program(path / "terraform", "1.11.4")
    place_program(path / "tofu", "1.12.6")
    assert find_engine(EngineRequirement(""), settings).name == "opentofu"


def test_without_a_name_terraform_on_path_comes_before_a_cached_tofu(
    path: Path, settings: Settings
) -> None:
    place_program(path / "terraform", "1.11.4")
    place_program(cached_program("opentofu", "1.12.6", settings))
    assert find_engine(EngineRequirement(""), settings).name == "terraform"


def test_a_constraint_passes_over_what_does_not_fit(path: Path, settings: Settings) -> None:
    place_program(path / "tofu", "1.9.0")
    for version in ("1.10.2", "1.10.10", "2.0.0"):
        place_program(cached_program("opentofu", version, settings), version)
    found = find_engine(EngineRequirement("opentofu", "~> 1.10"), settings)
    assert found.version == "1.10.10"


def test_a_program_that_does_not_run_is_passed_over(path: Path, settings: Settings) -> None:
    place_program(path / "tofu", script="#!/bin/sh\nexit 1\n")
    cached = place_program(cached_program("opentofu", "1.12.6", settings))
    assert find_engine(EngineRequirement(""), settings).path == cached


def test_what_was_not_found_is_told_with_every_place(path: Path, settings: Settings) -> None:
    place_program(path / "tofu", "1.9.0")
    place_program(cached_program("opentofu", "1.8.0", settings), "1.8.0")
    with pytest.raises(EngineError) as caught:
        find_engine(EngineRequirement("opentofu", "~> 1.10"), settings)
    error = caught.value
    assert error.reason is ReasonCode.ENGINE_NOT_FOUND
    assert error.message == "No opentofu ~> 1.10 was found."
    assert error.details == (
        f"PATH: {path}/tofu: 1.9.0",
        f"cache: {cached_program('opentofu', '1.8.0', settings)}: 1.8.0",
    )
    assert "`purveyor engine install`" in error.hint
    assert "widen the engine version" in error.hint


def test_empty_places_are_named_too(path: Path, settings: Settings) -> None:
    with pytest.raises(EngineError) as caught:
        find_engine(EngineRequirement(""), settings)
    engines = cache_folder(settings) / "engines"
    assert caught.value.details == (
        f"PATH: no `tofu` in {path}:/bin",
        f"PATH: no `terraform` in {path}:/bin",
        f"cache: no opentofu in {engines}/opentofu",
        f"cache: no terraform in {engines}/terraform",
    )


def test_a_missing_terraform_is_not_answered_with_an_opentofu(settings: Settings) -> None:
    place_program(cached_program("opentofu", "1.12.6", settings))
    with pytest.raises(EngineError, match="No terraform was found") as caught:
        find_engine(EngineRequirement("terraform"), settings)
    assert "--name terraform" in caught.value.hint


def test_another_engines_name_is_refused(settings: Settings) -> None:
    with pytest.raises(EngineError, match="no engine 'pulumi'"):
        find_engine(EngineRequirement("pulumi"), settings)


def test_a_bad_constraint_is_the_catalogs_fault(settings: Settings) -> None:
    with pytest.raises(CatalogError):
        find_engine(EngineRequirement("opentofu", "newest"), settings)


def test_the_cache_is_below_home_by_default(tmp_path: Path) -> None:
    expected = tmp_path / ".cache" / "purveyor"
    assert cache_folder(Settings({"HOME": str(tmp_path)})) == expected

"""`purveyor engine` says what is there and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from release_fixtures import VERSION, good_site, install_from, place_program, settings_below

from purveyor import json_text
from purveyor.cli import format as cli_format
from purveyor.cli.engine import engine
from purveyor.engines.binary import find_engine
from purveyor.engines.binary.places import cached_program
from purveyor.errors import EngineError
from purveyor.step import EngineRequirement

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_below(tmp_path)


def _call(settings: Settings, *arguments: str) -> Result:
    return CliRunner(env=settings.for_children()).invoke(engine, arguments)


def test_the_list_marks_the_one_that_a_run_takes(settings: Settings, tmp_path: Path) -> None:
    on_path = place_program(tmp_path / "bin" / "terraform", "1.11.4")
    broken = place_program(tmp_path / "bin" / "tofu", script="#!/bin/sh\nexit 1\n")
    cached = place_program(cached_program("opentofu", VERSION, settings))
    rows = json_text.parse(_call(settings, "list", "--json").stdout)
    keys = ("name", "version", "place", "path", "used")
    assert rows == [
        dict(zip(keys, ("opentofu", "", "PATH", str(broken), False), strict=True)),
        dict(zip(keys, ("terraform", "1.11.4", "PATH", str(on_path), True), strict=True)),
        dict(zip(keys, ("opentofu", VERSION, "cache", str(cached), False), strict=True)),
    ]
    assert find_engine(EngineRequirement(""), settings).path == on_path


def test_the_list_is_a_line_an_engine_for_people(settings: Settings) -> None:
    cached = place_program(cached_program("opentofu", VERSION, settings))
    shown = _call(settings, "list").stdout
    assert shown.split() == ["*", "opentofu", VERSION, "cache", str(cached)]


def test_an_empty_list_tells_a_person_what_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _call(settings, "list").stdout == ""
    monkeypatch.setattr(cli_format, "person_reads", lambda: True)
    assert "purveyor engine install" in _call(settings, "list").stdout
    assert json_text.parse(_call(settings, "list", "--json").stdout) == []


def test_install_takes_the_site_from_the_environment(settings: Settings) -> None:
    with good_site() as site:
        runner = CliRunner(
            env={**settings.for_children(), "PURVEYOR_ENGINE_RELEASES": site.address}
        )
        done = runner.invoke(engine, ["install", "--json"], catch_exceptions=False)
    path = cached_program("opentofu", VERSION, settings)
    assert json_text.parse(done.stdout) == {
        "name": "opentofu",
        "version": VERSION,
        "path": str(path),
        "way": "release",
    }
    assert done.stderr.startswith("Fetching tofu_")


def test_install_says_that_the_engine_is_there_already(settings: Settings) -> None:
    with good_site() as site:
        install_from(site, settings)
        done = _call(settings, "install", "--from", site.address, "--version", f"v{VERSION}")
    assert done.stdout.startswith(f"opentofu {VERSION} is there: ")


def test_a_failed_install_reaches_the_error_boundary(settings: Settings) -> None:
    with good_site() as site:
        done = _call(settings, "install", "--from", site.address, "--version", "1.11.0")
    assert isinstance(done.exception, EngineError)


def test_terraform_needs_a_version(settings: Settings) -> None:
    done = _call(settings, "install", "--name", "terraform")
    assert (done.exit_code, "needs --version" in done.stderr) == (2, True)

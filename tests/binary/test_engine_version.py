"""A program's version is asked once and remembered as long as the program stays the same."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from release_fixtures import place_program

from purveyor import json_text
from purveyor.engines.binary.model import PROGRAMS, EngineBinary
from purveyor.engines.binary.version import program_version
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings({"PATH": os.defpath, "PURVEYOR_CACHE": str(tmp_path / "cache")})


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "engines" / "versions.json"


@pytest.fixture
def program(engine: EngineBinary, tmp_path: Path) -> Path:
    """A copy of a real engine, which a test may touch."""
    copy = tmp_path / PROGRAMS[engine.name]
    shutil.copy2(engine.path, copy)
    return copy


def _make_remember(memory: Path, program: Path, version: str) -> None:
    known = json_text.parse(memory.read_text(encoding="utf-8"))
    assert isinstance(known, dict)
    entry = known[str(program)]
    assert isinstance(entry, dict)
    memory.write_text(
        json_text.write({str(program): {**entry, "version": version}}), encoding="utf-8"
    )


def test_a_real_engine_is_asked_once(
    engine: EngineBinary, program: Path, memory: Path, settings: Settings
) -> None:
    assert program_version(program, settings) == engine.version
    _make_remember(memory, program, "9.9.9")
    assert program_version(program, settings) == "9.9.9"


def test_a_replaced_engine_is_asked_again(
    engine: EngineBinary, program: Path, memory: Path, settings: Settings
) -> None:
    program_version(program, settings)
    _make_remember(memory, program, "9.9.9")
    os.utime(program, ns=(0, 0))
    assert program_version(program, settings) == engine.version


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b"{}", b'{"a": 1}'])
def test_a_damaged_memory_is_forgotten(
    damage: bytes, tmp_path: Path, memory: Path, settings: Settings
) -> None:
    memory.parent.mkdir(parents=True)
    memory.write_bytes(damage)
    program = place_program(tmp_path / "tofu", "1.2.3")
    assert program_version(program, settings) == "1.2.3"


def test_a_script_is_asked_each_time_since_it_may_switch_versions(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "chosen").write_text("1.2.3", encoding="utf-8")
    chosen = f'echo "{{\\"terraform_version\\": \\"$(cat {tmp_path}/chosen)\\"}}"'
    program = place_program(tmp_path / "tofu", script=f"#!/bin/sh\n{chosen}\n")
    assert program_version(program, settings) == "1.2.3"
    (tmp_path / "chosen").write_text("4.5.6", encoding="utf-8")
    assert program_version(program, settings) == "4.5.6"


def test_a_cache_that_cannot_be_written_costs_only_the_memory(
    engine: EngineBinary, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be", encoding="utf-8")
    settings = Settings({"PURVEYOR_CACHE": str(tmp_path / "cache")})
    assert program_version(engine.path, settings) == engine.version


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\nexit 3\n",
        "#!/bin/sh\necho no JSON\n",
        "#!/bin/sh\necho '[]'\n",
        "#!/bin/sh\necho '{\"terraform_version\": 1}'\n",
        "#!/nonexistent/interpreter\n",
        "neither script nor program",
    ],
)
def test_a_program_that_tells_no_version_has_none(
    script: str, tmp_path: Path, settings: Settings
) -> None:
    assert program_version(place_program(tmp_path / "tofu", script=script), settings) == ""


def test_the_users_terraform_settings_do_not_reach_the_question(
    engine: EngineBinary, tmp_path: Path
) -> None:
    settings = Settings(
        {
            "PURVEYOR_CACHE": str(tmp_path),
            "TF_CLI_CONFIG_FILE": str(tmp_path / "missing.tfrc"),
            "TF_CLI_ARGS": "-no-such-flag",
        }
    )
    assert program_version(engine.path, settings) == engine.version

"""The shell completes commands and options of the real program, and `-h` helps everywhere."""

from __future__ import annotations

import os
import re
import subprocess  # noqa: TID251 - the shell calls the program
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).parent / "purveyor"


def call(*arguments: str, **environ: str) -> str:
    done = subprocess.run(
        [PROGRAM, *arguments],
        env={"PATH": os.defpath, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def complete(line: str) -> list[str]:
    words = line.split(" ")
    answer = call(
        COMP_WORDS=line, COMP_CWORD=str(len(words) - 1), _PURVEYOR_COMPLETE="bash_complete"
    )
    return [each.partition(",")[2] for each in answer.splitlines()]


def test_commands_are_completed() -> None:
    assert {"run", "validate", "engine", "emulate"} <= set(complete("purveyor "))
    assert complete("purveyor va") == ["validate"]


def test_options_of_a_command_that_is_loaded_late_are_completed() -> None:
    assert complete("purveyor run --cat") == ["--catalog"]
    assert complete("purveyor engine ins") == ["install"]
    assert complete("purveyor engine install --name open") == ["opentofu"]


@pytest.mark.parametrize("option", ["run --context", "run --catalog", "state migrate --from"])
def test_names_of_files_are_left_to_the_shell(option: str) -> None:
    line = f"purveyor {option} ac"
    words = line.split(" ")
    answer = call(
        COMP_WORDS=line, COMP_CWORD=str(len(words) - 1), _PURVEYOR_COMPLETE="bash_complete"
    )
    assert answer.splitlines() == ["file,ac"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    if shell == "bash":  # click asks bash for its version
        assert "complete -o nosort" in call(_PURVEYOR_COMPLETE="bash_source")
    else:
        assert "_PURVEYOR_COMPLETE" in call(_PURVEYOR_COMPLETE=f"{shell}_source")


def test_the_line_that_the_reference_shows_for_bash_completes() -> None:
    page = (Path(__file__).parents[1] / "docs/reference/commands.md").read_text()
    shown = dict(re.findall(r"^(.+_source purveyor.*?)  # (\w+)", page, re.MULTILINE))
    assert list(shown.values()) == ["bash", "zsh", "fish"]
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-c", f"{next(iter(shown))}\ncomplete -p purveyor"],
        env={"PATH": f"{PROGRAM.parent}:{os.defpath}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_purveyor_completion" in done.stdout


@pytest.mark.parametrize("command", ["", "run", "validate", "engine", "engine install", "emulate"])
def test_h_is_help(command: str) -> None:
    assert call(*command.split(), "-h") == call(*command.split(), "--help")

"""The tutorial is played as it is printed, command by command, and says what is shown."""

from __future__ import annotations

import shlex
import socket
import subprocess  # noqa: TID251 - a reader types these commands into a shell
import sys
from typing import TYPE_CHECKING

import pytest
from shell_blocks import MARK, ROOT, Block, plain, printed, read_blocks

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PAGE = ROOT / "docs" / "tutorial" / "first-service.md"
PORT = "8099"


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def steps() -> list[Block]:
    """Return the blocks after the set-up, which the tests' own environment stands for."""
    begin = PAGE.read_text().split("## 1. ")[0].count("\n")
    return [block for block in read_blocks(PAGE) if block.line > begin]


def script(port: str) -> str:
    lines = ["exec 2>&1", "trap 'kill $emulator' EXIT"]
    for block in steps():
        if block.saved_as:
            lines.append(f"cat > {block.saved_as} <<'END OF FILE'\n{block.text}END OF FILE")
        elif block.language == "sh":
            (command,) = block.commands()
            lines.append(f": > emulator.log; {command} >> emulator.log & emulator=$!")
            lines.append("until grep -q listens emulator.log; do kill -0 $emulator || exit 1; done")
        else:
            lines += [f"{command}\necho '{MARK}'" for command in block.commands()]
    return "\n".join(lines).replace(PORT, port)


def test_the_tutorial_shows_what_it_says(
    tmp_path: Path, clean_environment: dict[str, str], engine: EngineBinary
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / engine.path.name).symlink_to(engine.path)
    (programs / "purveyor").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m purveyor "$@"\n'
    )
    (programs / "purveyor").chmod(0o755)
    cache = str(tmp_path / "cache")
    done = subprocess.run(
        ["bash", "-c", script(free_port())],  # noqa: S607 - the reader's shell
        cwd=tmp_path,
        env={**clean_environment, "PATH": f"{programs}:/usr/bin:/bin", "PURVEYOR_CACHE": cache},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    shown = [plain(each) for each in done.stdout.split(f"{MARK}\n")[:-1]]
    assert shown == [plain(each) for each in printed(steps())], done.stdout

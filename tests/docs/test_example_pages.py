"""The examples' pages are played as they are printed, in a copy, and show what they say.

A line `…` on a page stands for any lines.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess  # noqa: TID251 - a reader types these commands into a shell
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
from shell_blocks import MARK, ROOT, plain, printed, read_blocks

from real_programs import LEFT_OUT
from store_process import free_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
EXAMPLES = ROOT / "examples"
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
PLACE = "/tmp/purveyor-"
PORTS = ("8400", "2222")


def script(page: Path) -> str:
    lines = ["exec 2>&1"]
    for block in read_blocks(page):
        if block.language == "console":
            lines += [f"{command}\necho '{MARK}'" for command in block.commands()]
    return "\n".join(lines)


def shows(page: str, real: str) -> bool:
    parts = [re.escape(f"{line}\n") for line in plain(page).split("\n")]
    pattern = "".join(r"(?:.*\n)*?" if part == re.escape("…\n") else part for part in parts)
    return re.fullmatch(pattern, f"{plain(real)}\n") is not None


@pytest.mark.parametrize("name", ["end-to-end", "iam", "pipeline", "virtual-machine"])
def test_an_examples_page_shows_what_it_says(
    name: str, tmp_path: Path, clean_environment: dict[str, str], tofu: Path
) -> None:
    if name == "virtual-machine" and not SSHD:
        pytest.skip(f"{LEFT_OUT}sshd: install openssh-server")
    copy = tmp_path / "copy"
    ports = {each: str(free_port()) for each in PORTS}
    shutil.copytree(EXAMPLES / name, copy)
    for file in filter(lambda each: each.is_file(), copy.rglob("*")):
        text = file.read_text().replace(PLACE, f"{tmp_path}/")
        for page, real in ports.items():
            text = text.replace(page, real)
        file.write_text(text)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    (programs / "purveyor").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m purveyor "$@"\n'
    )
    (programs / "purveyor").chmod(0o755)
    more = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": tempfile.mkdtemp(),  # a socket's name has to be short
    }
    done = subprocess.run(
        ["bash", "-c", script(copy / "README.md")],  # noqa: S607 - the reader's shell
        cwd=copy,
        env={**clean_environment, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    shown = done.stdout.split(f"{MARK}\n")[:-1]
    pages = printed(read_blocks(copy / "README.md"))
    assert len(shown) == len(pages), done.stdout
    for page, real in zip(pages, shown, strict=True):
        assert shows(page, real), f"{page}\n--- but really ---\n{real}"

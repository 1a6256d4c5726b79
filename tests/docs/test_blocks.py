"""What the pages print can be typed and loaded: commands, options, catalogs, documents."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess  # noqa: TID251 - the script is run as a person runs it
import sys
from typing import TYPE_CHECKING

import click
import pytest
import yaml
from shell_blocks import PAGES, ROOT, Block, read_blocks

from purveyor import json_text
from purveyor.catalog.loading import load_catalog
from purveyor.cli import cli

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

BLOCKS = [block for page in PAGES for block in read_blocks(page)]
# Whole commands, also behind a variable, a pipe, `;` or `&&`.
_PARTS = re.compile(r"\s*(?:\|\|?|&&|;|>)\s*")
_MAKE = re.compile(r"^([a-z]+):.*## ", re.MULTILINE)


def of(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def calls(block: Block, program: str) -> list[list[str]]:
    """Return the arguments of each call of a program in a block of commands."""
    found = []
    for command in block.commands():
        for part in _PARTS.split(command.split(" #")[0]):
            words = [word for word in _split(part) if not re.match(r"[A-Z_]+=", word)]
            if words[:1] == [program]:
                found.append(words[1:])
    return found


def _split(part: str) -> list[str]:
    try:
        return shlex.split(part)
    except ValueError:
        return []  # a piece of quoted text, no command


def check(arguments: list[str]) -> None:
    """Walk to the command that is meant and let its own parser read the options."""
    command: click.Command = cli
    context = click.Context(cli, info_name="purveyor", **cli.context_settings)
    rest = list(arguments)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"no command {rest[0]!r}"
        command, rest = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    command.make_parser(context).parse_args(args=rest)


@pytest.mark.parametrize("block", of("sh", "console"), ids=str)
def test_commands_and_options_exist(block: Block) -> None:
    for arguments in calls(block, "purveyor"):
        check(arguments)


@pytest.mark.parametrize("arguments", [["rnu"], ["run", "--catalgo", "x"], ["engine", "bring"]])
def test_a_wrong_command_would_be_noticed(arguments: list[str]) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        check(arguments)


@pytest.mark.parametrize("block", of("sh", "console"), ids=str)
def test_make_targets_exist(block: Block) -> None:
    targets = set(_MAKE.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    named = {words[0] for words in calls(block, "make") if words}
    assert named <= targets


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json_can_be_read(block: Block) -> None:
    json_text.parse(block.text)


@pytest.mark.parametrize("block", of("yaml", "yml"), ids=str)
def test_yaml_can_be_read_and_catalogs_are_sound(block: Block, tmp_path: Path) -> None:
    document = yaml.safe_load(block.text)
    if isinstance(document, dict) and "version" in document and "backend" in document:
        file = tmp_path / "purveyor.yaml"
        file.write_text(block.text, encoding="utf-8")
        load_catalog(file)


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_can_be_read(block: Block) -> None:
    compile(block.text, str(block), "exec")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_no_page_from_the_code_is_stale() -> None:
    # In a process of its own: what other tests have loaded or set must not change the pages.
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "write_reference.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_option_and_command_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    root = click.Context(cli)
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None
        assert f"## `purveyor {name}`" in page
        for option in command.params:
            assert all(spelling in page for spelling in option.opts if spelling.startswith("-"))

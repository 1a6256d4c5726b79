"""Each help page ends with an example that the command line takes."""

from __future__ import annotations

import contextlib
import re
import shlex
from typing import TYPE_CHECKING

import click
import pytest

from purveyor.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Such words stand for nothing that is there when a test reads the example.
_FILES = re.compile(r"[\w/.-]+\.(?:json|yaml|jsonl|tfstate|pem)")


def commands(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, *words, name)


PAGES = dict(commands(cli, "purveyor"))


def examples(page: str) -> list[str]:
    shown = PAGES[page].get_help(click.Context(PAGES[page], info_name=page))
    _, found, after = re.split(r"(\n  Examples?:\n)", shown)
    assert found
    # Three spaces or more part a remark from the command.
    return [re.split(r" {3,}", line.strip())[0] for line in after.splitlines() if line.strip()]


def parse(words: list[str]) -> None:
    """Let each command on the way take its words, without calling it."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        below = command.get_command(click.Context(command), words[0])
        assert below is not None, words
        command, words = below, words[1:]
    with contextlib.suppress(click.exceptions.Exit):  # `--print-seed` has done its work by then
        command.make_context("example", words)


@pytest.mark.parametrize("page", PAGES)
def test_each_help_page_has_an_example_of_its_own_command_that_is_right(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = examples(page)
    assert lines
    for line in lines:
        assert line == page or line.startswith(f"{page} ")
        words = shlex.split(re.split(r" [<>] ", line)[0])[1:]
        for word in filter(_FILES.fullmatch, words):
            if "/" not in word:
                (tmp_path / word).write_text("")
        parse(words)


@pytest.mark.parametrize("page", PAGES)
def test_each_option_of_a_file_completes_names_of_files(page: str) -> None:
    for each in PAGES[page].params:
        names = each.name or ""
        if each.metavar in {"FILE", "PATH", "CATALOG", "F"} or "path" in names:
            assert isinstance(each.type, click.Path), each.opts

"""`purveyor engine`: install Terraform and OpenTofu, and list what is there."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.format import print_rows
from purveyor.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.engines.binary.install import Watcher


_SHOWN = ("name", "version", "place", "path")


@click.group(epilog=examples("purveyor engine list", "purveyor engine install"))
def engine() -> None:
    """Install and list Terraform and OpenTofu."""


_EXAMPLES = examples(
    "purveyor engine install",
    "purveyor engine install --version 1.11.5",
    "purveyor engine install --name terraform --version 1.11.4",
)


@engine.command(epilog=_EXAMPLES)
@click.option(
    "--name",
    type=click.Choice(["opentofu", "terraform"]),
    default="opentofu",
    show_default=True,
    help="Which engine.",
)
@click.option(
    "--version",
    metavar="V",
    help="Which version. [default: the OpenTofu that Purveyor is tested with]",
)
@click.option(
    "--from",
    "base",
    metavar="URL",
    help="Release site or a mirror of it; also PURVEYOR_ENGINE_RELEASES.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was installed as JSON.")
def install(*, name: str, version: str | None, base: str | None, as_json: bool) -> None:
    """Install an engine into the user's cache.

    The release file is checked against its SHA-256, and the list of these against its signature.
    """
    from purveyor.engines.binary.install import install_engine
    from purveyor.engines.binary.model import TESTED_OPENTOFU
    from purveyor.engines.binary.release import Release

    if version is None and name == "terraform":
        raise click.UsageError("--name terraform needs --version")
    settings = read_settings()
    settings.check()
    release = Release(
        name,
        (version or TESTED_OPENTOFU).removeprefix("v"),
        base or settings.text("PURVEYOR_ENGINE_RELEASES") or "",
    )
    with _watcher() as watcher:
        installed = install_engine(release, settings, watcher=watcher)
    found = installed.engine
    if as_json:
        told = {"name": found.name, "version": found.version, "path": str(found.path)}
        click.echo(json_text.write({**told, "way": installed.way}, indent=2))
    else:
        verb = "is there" if installed.way == "cache" else "installed"
        click.echo(f"{found.name} {found.version} {verb}: {found.path}")


@engine.command("list", epilog=examples("purveyor engine list", "purveyor engine list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_engines(*, as_json: bool) -> None:
    """List the engines that are there.

    On PATH and in the cache; the star marks the one a run takes when the catalog names none.
    """
    settings = read_settings()
    rows = _rows(settings)
    if as_json:
        click.echo(json_text.write(rows, indent=2))
        return
    cells = (("*" * row["used"], *(row[name] or "?" for name in _SHOWN)) for row in rows)
    nothing = "No engine on PATH or in the cache; `purveyor engine install` brings one."
    print_rows(("", *map(str.upper, _SHOWN)), cells, main=4, nothing=nothing)


def _rows(settings: Settings) -> list[dict[str, Any]]:
    from purveyor.engines.binary.constraint import read_version
    from purveyor.engines.binary.model import PROGRAMS
    from purveyor.engines.binary.search import candidates

    found = list(candidates(tuple(PROGRAMS), settings))
    used = next((each for each in found if read_version(each.version)), None)
    return [
        {**{name: str(getattr(each, name)) for name in _SHOWN}, "used": each is used}
        for each in found
    ]


@contextlib.contextmanager
def _watcher() -> Iterator[Watcher]:
    """Say on stderr how it goes on; with a bar where a person looks on."""
    from purveyor.engines.binary.install import Watcher

    def say(sentence: str) -> None:
        click.echo(sentence, err=True)

    if not sys.stderr.isatty():
        yield Watcher(say)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def progress(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield Watcher(partial(bar.console.print, markup=False, highlight=False), progress)

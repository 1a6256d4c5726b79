"""Rows of states: a table where a person reads, tab-separated lines elsewhere; both streamed."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CHUNK = 200


def print_rows(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    """Print the rows while they come in."""
    if sys.stdout.isatty():
        _print_table(heads, rows)
        return
    for row in rows:
        click.echo("\t".join(_plain(cell) for cell in row))


def _print_table(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> None:
    """Print a chunk at a time; the first one decides how wide the columns are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    widths: list[int] = []
    while chunk := list(itertools.islice(rows, _CHUNK)):
        table = Table(box=None, show_header=not widths, pad_edge=False)
        widths = widths or [
            max(len(cell) for cell in column) for column in zip(heads, *chunk, strict=True)
        ]
        for head, width in zip(heads, widths, strict=True):
            table.add_column(head, min_width=min(width, 40), overflow="fold")
        for row in chunk:
            table.add_row(*(Text(_plain(cell)) for cell in row))
        console.print(table)


def _plain(cell: str) -> str:
    """Return the text without what would steer a terminal or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in cell)

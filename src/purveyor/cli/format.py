"""How commands print rows, fields, sizes and times, for a person or for a program."""

from __future__ import annotations

import itertools
import sys
import textwrap
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rich.console import Console

_CHUNK = 200
_GAP = 2
_NARROWEST = 8
_SHORT = 24
_TIED = "\N{NO-BREAK SPACE}"
# A word that is too long, such as an address, is the terminal's to break: then it can be copied.
_wrapped = partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)
_STYLES = {"success": "green", "failed": "red", "open": "yellow"}


def person_reads() -> bool:
    return sys.stdout.isatty()


def shortened(ids: Iterable[str]) -> Callable[[str], str]:
    """Return what shortens each of the ids for a person, as far as it stays the only one."""
    from purveyor.states.entity import shorten

    short = shorten(ids) if person_reads() else {}
    return lambda each: short.get(each, each)


def print_rows(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, main: int, nothing: str
) -> None:
    """Print the rows while they come in.

    Nothing is ever left out: of the columns after the first `main` those that do not fit beside
    them stand below their row, by name; a cell that is too wide is folded. `nothing` is what a
    person reads where there is no row; a program reads nothing then.
    """
    if not person_reads():
        for row in rows:
            click.echo("\t".join(plain(cell) for cell in row))
    elif not _print_table(heads, rows, main):
        click.echo(nothing)


def _print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], main: int) -> bool:
    """Print a chunk at a time; the first one decides how wide the columns are."""
    from rich.cells import cell_len
    from rich.console import Console

    console, rows = Console(highlight=False), iter(rows)
    widths: list[int] = []
    while chunk := [[plain(cell) for cell in row] for row in itertools.islice(rows, _CHUNK)]:
        if not widths:
            columns = zip(heads, *chunk, strict=True)
            widths = _fit([max(map(cell_len, each)) for each in columns], console.width, main)
            _print_line(console, heads, widths, style="bold")
        for row in chunk:
            _print_line(console, row, widths)
            below = zip(heads[len(widths) :], row[len(widths) :], strict=True)
            told = "  ".join(
                _tie(f"{head.lower()}: {cell}") for head, cell in below if cell.strip("-")
            )
            for line in _wrapped(told, console.width - 4):
                text = f"    {line.replace(_TIED, ' ')}"
                console.print(text, style="dim", markup=False, soft_wrap=True)
    return bool(widths)


def _tie(text: str) -> str:
    """Keep a short text on one line, and a label with what follows it."""
    return text.replace(" ", _TIED, -1 if len(text) < _SHORT else 1)


def _fit(widths: Sequence[int], room: int, main: int) -> list[int]:
    """Return how wide the columns are that stand side by side."""
    side = list(widths)
    while len(side) > main and sum(side) + _GAP * (len(side) - 1) > room:
        side.pop()
    while sum(side) + _GAP * (len(side) - 1) > room and max(side) > _NARROWEST:
        side[side.index(max(side))] -= 1
    return side


def _print_line(
    console: Console, cells: Sequence[str], widths: Sequence[int], style: str = ""
) -> None:
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, _GAP, 0, 0))
    for width in widths:
        line.add_column(width=width, overflow="fold")
    found = cells[: len(widths)]
    line.add_row(*(Text(cell, style=_STYLES.get(cell, style)) for cell in found))
    console.print(line)


def print_fields(fields: Mapping[str, object], indent: str = "", *, inner: bool = False) -> None:
    """Print what is known of one thing, a line each, in words; what is empty is left out.

    With `inner` the names are not ours, and the values are shown as they are.
    """
    from purveyor import json_text

    for name, value in fields.items():
        if not inner and (value is None or value in ("", [], {})):
            continue
        label = f"{indent}{name if inner else name.replace('_', ' ')}:"
        if isinstance(value, dict):
            click.echo(label)
            print_fields(value, f"{indent}  ", inner=True)
        elif isinstance(value, list) and not inner:
            click.echo("\n".join((label, *(f"{indent}  - {plain(str(each))}" for each in value))))
        elif isinstance(value, bool) and not inner:
            click.echo(f"{label} {'yes' if value else 'no'}")
        else:
            readable = isinstance(value, str) and value.isprintable()
            click.echo(f"{label} {value if readable else json_text.write(value)}")


def plain(cell: str) -> str:
    """Return the text without what would steer a terminal or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in cell)


def tell_size(size: int | None) -> str:
    """Return `812 bytes`, `4.1 kB`, or `?`."""
    from rich.filesize import decimal

    return "?" if size is None else decimal(size)


def tell_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def now() -> str:
    """Return this moment, ISO 8601 in UTC."""
    return tell_time(datetime.now(UTC)) or ""

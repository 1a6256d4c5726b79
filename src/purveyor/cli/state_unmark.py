"""`purveyor state unmark`: a state that was marked as moved lives in its old place after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.state_room import confirm, open_room, with_catalog, with_target

if TYPE_CHECKING:
    from purveyor.cli.state_room import Room
    from purveyor.state_key import StateKey


@click.command(epilog=examples("purveyor state unmark 5a1f --kind service"))
@with_target
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_catalog
def unmark(*, words: str, kind: str | None, yes: bool, catalog_path: str | None) -> None:
    """Take the note away that a state has moved, so that runs work on it here again.

    Only when nobody works on the copy in the new place: two places for one entity build it twice.
    To bring back what was changed there, move it back with `purveyor state migrate`, which takes
    the note away by itself.
    """
    from purveyor.state_key import parse_mark
    from purveyor.states.ports import Markers

    room = open_room(catalog_path)
    if not isinstance(room.backend, Markers):
        raise click.UsageError("This kind of backend keeps no notes beside states.")
    for key in _find(room, words, kind):
        text = room.backend.read_mark(key)
        if text is None:
            continue
        mark = parse_mark(text)
        where = mark.to if mark else "an unknown place: the note cannot be read"
        click.echo(f"{key.path} is marked as moved to {where}.", err=True)
        confirm("Does nobody work on the copy there?", yes=yes)
        room.backend.unmark(key)
        click.echo(f"{key.path} is no longer marked: runs work on it here again.")
        return
    click.echo(f"No state of {words} is marked as moved; nothing was done.")


def _find(room: Room, words: str, kind: str | None) -> list[StateKey]:
    """Return the keys that may carry the note; the state itself may be gone already."""
    from purveyor.state_key import StateKey
    from purveyor.states.entity import KINDS, Named, is_key

    if is_key(words):
        return [StateKey(words, exists=True)]
    kinds = (kind,) if kind else KINDS
    found = [room.backend.locate(Named(each, words)) for each in kinds]
    marked = [each for each in found if each.moved]
    if len(marked) > 1:
        raise click.UsageError("A service and a link have this id: say which one with --kind.")
    return marked

"""`purveyor state unmark`: a state that was marked as moved lives in its old place after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.state_room import confirm, open_room, with_catalog, with_target

if TYPE_CHECKING:
    from purveyor.state_key import KeyScheme, StateKey
    from purveyor.states.ports import Markers


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
    from purveyor.state_key import parse_moved_marker
    from purveyor.states.ports import Markers

    room = open_room(catalog_path)
    if not isinstance(room.backend, Markers):
        raise click.UsageError("This kind of backend keeps no notes beside states.")
    key = _find(room.backend, room.backend.keys, words, kind)
    text = None if key is None else room.backend.read_moved_marker(key)
    if key is None or text is None:
        click.echo(f"No state of {words} is marked as moved; nothing was done.")
        return
    mark = parse_moved_marker(text)
    where = mark.to if mark else "an unknown place: the note cannot be read"
    click.echo(f"{key.path} is marked as moved to {where}.", err=True)
    confirm("Does nobody work on the copy there?", yes=yes)
    room.backend.unmark_moved(key)
    click.echo(f"{key.path} is no longer marked: runs work on it here again.")


def _find(backend: Markers, keys: KeyScheme, words: str, kind: str | None) -> StateKey | None:
    """Return the key that carries the note; the state itself may be gone already."""
    from purveyor.backends.model import MOVED
    from purveyor.state_key import StateKey
    from purveyor.states.entity import Named, is_key
    from purveyor.states.naming import choose

    if is_key(words):
        return StateKey(words, exists=True)
    paths = (each.removesuffix(MOVED) for each in backend.paths() if each.endswith(MOVED))
    marked = {Named(*read): each for each in paths if (read := keys.read(each))}
    found = choose(words, (each for each in marked if kind in (None, each.kind)))
    return None if found is None else StateKey(marked[found], exists=True)

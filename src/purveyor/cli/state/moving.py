"""`purveyor state migrate|adopt|unmark`: states from another backend, key scheme or key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import open_catalog_context
from purveyor.cli.format import now
from purveyor.cli.options import (
    confirm,
    with_catalog,
    with_engine,
    with_json,
    with_json_lines,
    with_target,
    with_yes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends import Backend
    from purveyor.cli.catalog_context import CatalogContext
    from purveyor.state_key import StateKey
    from purveyor.states.moving import Move, Moved, Mover


@click.command(epilog=examples("purveyor state migrate --from old/purveyor.yaml --dry-run"))
@click.option("--from", "source", metavar="CATALOG", type=click.Path(), help="The old catalog.")
@click.option("--to", "destination", metavar="CATALOG", type=click.Path(), help="The new one.")
@click.option("--keys", multiple=True, metavar="TEMPLATE", help="The old place's key scheme.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of lines `OLD_KEY services/ID[/SLUG]`.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be moved.")
@with_yes
@with_engine
@with_json_lines
def migrate(
    *,
    source: str | None,
    destination: str | None,
    keys: tuple[str, ...],
    mapping: Path | None,
    dry_run: bool,
    yes: bool,
    engine: str | None,
    as_json: bool,
) -> None:
    """Move states to another backend or key scheme.

    Each is copied through the engine, compared, and marked as moved in the old place, where it
    stays. Stop the pipelines meanwhile. After a break, start it again: what is done is left alone.

    --from or --to left out is the catalog of PURVEYOR_CATALOG or of this folder.
    """
    if keys and mapping:
        raise click.UsageError("Either --keys or --mapping.")
    old, new = open_catalog_context(source), open_catalog_context(destination)
    same = old.name == new.name and old.backend.keys == new.backend.keys
    if same and not (keys or mapping):
        raise click.UsageError("Both are the same place: give --from, --to, --keys or --mapping.")
    moves = list(_moves(old.backend, keys, mapping))
    if not dry_run:
        confirm(f"Move {len(moves)} states from {old.name} to {new.name}?", yes=yes)
    _carry_out(moves, _mover(old, new, engine, dry_run=dry_run), as_json=as_json)


@click.command(epilog=examples("purveyor state adopt 5a1f --key old/orders.tfstate"))
@click.argument("entity_id", metavar="ID")
@click.option("--key", "old_key", required=True, help="Where the state lies, below the prefix.")
@click.option("--kind", type=click.Choice(["service", "link"]), default="service")
@click.option("--slug", default="", help="For the new key; people read it.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@with_yes
@with_engine
@with_catalog
@with_json
def adopt(  # noqa: PLR0913 - an argument an option
    *,
    entity_id: str,
    old_key: str,
    kind: str,
    slug: str,
    dry_run: bool,
    yes: bool,
    engine: str | None,
    catalog_path: str | None,
    as_json: bool,
) -> None:
    """Take over a state that an earlier pipeline left under another key of the same backend.

    It is copied to the key where runs look for it, and the old one is marked as moved. The next
    run stamps it as this entity's.
    """
    from purveyor.state_key import StateKey
    from purveyor.states.entity import Named
    from purveyor.states.moving import Move

    context = open_catalog_context(catalog_path)
    move = Move(Named(kind, entity_id, slug), StateKey(old_key, exists=True))
    if not dry_run:
        confirm(f"Take over {old_key} as the state of {kind} {entity_id}?", yes=yes)
    _carry_out([move], _mover(context, context, engine, dry_run=dry_run), as_json=as_json)


@click.command(epilog=examples("purveyor state unmark 5a1f --kind service"))
@with_target
@with_yes
@with_catalog
def unmark(*, words: str, kind: str | None, yes: bool, catalog_path: str | None) -> None:
    """Take the note away that a state has moved, so that runs work on it here again.

    Only when nobody works on the copy in the new place: two places for one entity build it twice.
    To bring back what was changed there, move it back with `purveyor state migrate`, which takes
    the note away by itself.
    """
    from purveyor.state_key import parse_moved_marker

    context = open_catalog_context(catalog_path)
    if not context.backend.keeps_markers:
        raise click.UsageError("This kind of backend keeps no notes beside states.")
    key = _find_marked(context.backend, words, kind)
    text = None if key is None else context.backend.read_moved_marker(key)
    if key is None or text is None:
        click.echo(f"No state of {words} is marked as moved; nothing was done.")
        return
    mark = parse_moved_marker(text)
    where = mark.to if mark else "an unknown place: the note cannot be read"
    click.echo(f"{key.path} is marked as moved to {where}.", err=True)
    confirm("Does nobody work on the copy there?", yes=yes)
    context.backend.unmark_moved(key)
    click.echo(f"{key.path} is no longer marked: runs work on it here again.")


def _moves(source: Backend, keys: tuple[str, ...], mapping: Path | None) -> Iterator[Move]:
    from purveyor.states.migration import (
        moves_of_all,
        moves_of_scheme,
        parse_mapping,
        parse_template,
    )

    if mapping is not None:
        return iter(parse_mapping(mapping.read_text(encoding="utf-8").split("\n")))
    if keys:
        return moves_of_scheme(source, [parse_template(each) for each in keys])
    return moves_of_all(source)


def _mover(old: CatalogContext, new: CatalogContext, engine: str | None, *, dry_run: bool) -> Mover:
    from purveyor.cli.wiring import find_writer
    from purveyor.states.moving import Mover, NamedBackend

    return Mover(
        NamedBackend(old.backend, old.name),
        NamedBackend(new.backend, new.name),
        find_writer(new, engine),
        clock=now,
        dry_run=dry_run,
    )


def _carry_out(moves: list[Move], mover: Mover, *, as_json: bool) -> None:
    """Move all, say how each ended; raise RecoveryError when any was refused.

    A signal ends it after the state that is being moved.
    """
    from purveyor.errors import CancelledError, RecoveryError
    from purveyor.process import Interruption
    from purveyor.states.migration import carry_out
    from purveyor.states.moving import Verdict

    refused = []
    with Interruption().caught() as interruption:
        for number, moved in enumerate(carry_out(moves, mover), start=1):
            click.echo(_line(moved, number, len(moves), as_json=as_json))
            if moved.verdict is Verdict.REFUSED:
                refused.append(f"{moved.move.old.path}: {moved.note}")
            if interruption.requested and number < len(moves):
                raise CancelledError(
                    f"Stopped after {number} of {len(moves)} states.",
                    hint="Start it again: what is done is left alone.",
                    details=refused,
                )
    click.echo(f"{len(moves) - len(refused)} of {len(moves)} states in order.", err=True)
    if refused:
        raise RecoveryError(
            "Not every state could be moved; those are as they were.",
            hint="Remove what stands in the way, then start it again.",
            details=refused,
        )


def _line(moved: Moved, number: int, total: int, *, as_json: bool) -> str:
    if as_json:
        return json_text.write(
            {
                "from": moved.move.old.path,
                "to": moved.new,
                "verdict": moved.verdict.value,
                "serial": moved.serial,
                "note": moved.note,
            }
        )
    note = f" ({moved.note})" if moved.note else ""
    return f"{number}/{total} {moved.verdict.value}: {moved.move.old.path} → {moved.new}{note}"


def _find_marked(backend: Backend, words: str, kind: str | None) -> StateKey | None:
    """Return the key that carries the note; the state itself may be gone already."""
    from purveyor.backends.model import MOVED
    from purveyor.state_key import StateKey
    from purveyor.states.entity import Named, choose, is_key

    if is_key(words):
        return StateKey(words, exists=True)
    paths = (each.removesuffix(MOVED) for each in backend.paths() if each.endswith(MOVED))
    marked = {Named(*read): each for each in paths if (read := backend.keys.read(each))}
    found = choose(words, (each for each in marked if kind in (None, each.kind)))
    return None if found is None else StateKey(marked[found], exists=True)

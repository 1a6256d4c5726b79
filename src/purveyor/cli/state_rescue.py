"""`purveyor state rescue`: saves by hand what a run could not save."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.state_room import open_room, open_writer, with_catalog, with_engine

if TYPE_CHECKING:
    from purveyor.cli.state_room import Room
    from purveyor.states.entity import Named
    from purveyor.states.ports import Writer


@click.command(epilog=examples("purveyor state rescue orders-db --kind service"))
@click.argument("entity_id", metavar="ID")
@click.option("--kind", type=click.Choice(["service", "link"]), help="Whose id it is.")
@click.option(
    "--file",
    "path",
    metavar="F",
    type=click.Path(exists=True, dir_okay=False),
    help="An unsaved state in a file, instead of those that were kept.",
)
@with_engine
@with_catalog
def rescue(
    *,
    entity_id: str,
    kind: str | None,
    path: str | None,
    engine: str | None,
    catalog_path: str | None,
) -> None:
    """Save the states that runs on a service or link could not save.

    The engine writes them under its lock, never by force; one of another origin is refused. What
    is saved is kept no longer, but for a --file, which stays. The next run does the same by itself.
    """
    from pathlib import Path

    from purveyor.cli.machine import open_recovery
    from purveyor.states.entity import KINDS

    room = open_room(catalog_path)
    writer = open_writer(room, engine)
    if path is not None:
        owner = room.owner(entity_id, kind)
        _save(Path(path).read_text(encoding="utf-8"), owner, room, writer)
        click.echo(f"Saved {path} as the state of {owner.kind} {owner.id}.")
        return
    saved = 0
    for each in (kind,) if kind else KINDS:
        owner = room.owner(entity_id, each)
        recovery = open_recovery(room.settings, room.records, owner)
        for name in recovery.waiting():
            text = recovery.read(name)
            if text is not None:
                _save(text, owner, room, writer)
            recovery.remove(name)
            saved += 1
            click.echo(f"Saved {name}.")
    if not saved:
        click.echo(f"No unsaved state of {entity_id} is kept.", err=True)


def _save(text: str, owner: Named, room: Room, writer: Writer) -> None:
    from purveyor.engines.terraform.rescue import save_state
    from purveyor.errors import ReasonCode, RecoveryError
    from purveyor.state_key import check_identity, parse_state, refuse_moved

    unsaved = parse_state(text, where="to be saved")
    check_identity(unsaved, owner)
    key = room.backend.locate(owner)
    refuse_moved(key, room.backend, owner)
    state = room.backend.access(key)
    current = state.read()
    if unsaved.encrypted or (current is not None and current.encrypted):
        raise RecoveryError(
            f"The state {key.path} is encrypted: only a run with its module can save this one.",
            reason=ReasonCode.NEEDS_RECOVERY,
            hint="Start an action on it: it saves first what is kept.",
        )
    block = room.backend.block(key)
    save_state(text, state=state, push=lambda content: writer.push(block, content))

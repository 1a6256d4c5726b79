"""`purveyor state restore|rescue`: writing an earlier version, or what a run could not save."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import open_catalog_context
from purveyor.cli.options import (
    confirm,
    with_catalog,
    with_engine,
    with_json,
    with_target,
    with_yes,
)

if TYPE_CHECKING:
    from purveyor.cli.catalog_context import CatalogContext
    from purveyor.states.entity import Named
    from purveyor.states.restoring import Restoration
    from purveyor.step import Engine

_SHOWN = 40


@click.command(epilog=examples("purveyor state restore orders-db --version V --dry-run"))
@with_target
@click.option("--version", required=True, metavar="V", help="See `purveyor state history`.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@with_yes
@with_engine
@with_catalog
@with_json
def restore(
    *,
    words: str,
    kind: str | None,
    version: str,
    dry_run: bool,
    yes: bool,
    engine: str | None,
    catalog_path: str | None,
    as_json: bool,
) -> None:
    """Go back to an earlier version of a state, as a new serial.

    The engine writes it under its lock, never by force. Only the record goes back: what was built
    since is still there, and the next plan will not know of it.
    """
    from purveyor.cli.wiring import find_writer
    from purveyor.states.restoring import plan_restoration
    from purveyor.states.restoring import restore as bring_back

    context = open_catalog_context(catalog_path)
    plan = plan_restoration(context.find(words, kind), version, context.backend)
    _show(plan)
    serial = None
    if not dry_run:
        confirm("Go back to that version?", yes=yes)
        written = bring_back(plan, context.backend, find_writer(context, engine))
        serial = written.document.serial
    if as_json:
        click.echo(json_text.write(_document(plan, serial=serial), indent=2))
    elif serial is not None:
        click.echo(f"{plan.target.key.path} is back at version {version}, now serial {serial}.")


def _show(plan: Restoration) -> None:
    current = plan.current.document.serial if plan.current else "unreadable"
    if plan.current is None and not plan.broken:
        current = "none"
    click.echo(
        f"{plan.target.key.path}: serial {current} now, version {plan.version} is serial"
        f" {plan.wanted.document.serial}",
        err=True,
    )
    difference = plan.difference
    found = (difference.added, difference.removed, difference.changed)
    for sign, addresses in zip("+-~", found, strict=True):
        for address in addresses[:_SHOWN]:
            click.echo(f"  {sign} {address}", err=True)
        if len(addresses) > _SHOWN:
            click.echo(f"  {sign} … and {len(addresses) - _SHOWN} more", err=True)
    if difference.removed:
        click.echo("What is removed here stays in the cloud, unknown to the state.", err=True)


def _document(plan: Restoration, *, serial: int | None) -> dict[str, object]:
    return {
        "key": plan.target.key.path,
        "version": plan.version,
        "restored": serial is not None,
        "serial": serial,
        "serial_before": plan.current.document.serial if plan.current else None,
        **dataclasses.asdict(plan.difference),
    }


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

    from purveyor.cli.catalog_context import open_recovery
    from purveyor.cli.wiring import open_writing_engine
    from purveyor.entity import EntityRef
    from purveyor.states.entity import KINDS

    context = open_catalog_context(catalog_path)
    writer = open_writing_engine(context, engine)
    if path is not None:
        owner = context.owner(entity_id, kind)
        _save(Path(path).read_text(encoding="utf-8"), owner, context, writer)
        click.echo(f"Saved {path} as the state of {owner.kind} {owner.id}.")
        return
    saved = 0
    for each in (kind,) if kind else KINDS:
        owner = context.owner(entity_id, each)
        recovery = open_recovery(context.settings, context.records, EntityRef.of(owner))
        for name, step in recovery.waiting_of_all():
            text = recovery.read(name)
            if text is not None:
                _save(text, owner, context, writer, step)
            recovery.remove(name)
            saved += 1
            click.echo(f"Saved {name}.")
    if not saved:
        click.echo(f"No unsaved state of {entity_id} is kept.", err=True)


def _save(text: str, owner: Named, context: CatalogContext, engine: Engine, step: str = "") -> None:
    """Save a state as its stamp says: the entity's, or that of a further step of it."""
    from purveyor.state_key import (
        IDENTITY_OUTPUT,
        StateKey,
        check_identity,
        identity,
        parse_state,
        refuse_moved,
        step_path,
    )
    from purveyor.step import StateSlot

    document, own = parse_state(text, where="to be saved"), identity(owner)
    stamp = document.outputs.get(IDENTITY_OUTPUT)
    if not step and stamp is not None and str(stamp.value).startswith(f"{own}/"):
        step = str(stamp.value).removeprefix(f"{own}/")
    if not step:
        check_identity(document, owner)
    key, backend = context.backend.locate(owner), context.backend
    refuse_moved(key, backend, owner)
    if step:
        key = StateKey(step_path(key.path, step), exists=True)
    mark = f"{own}/{step}" if step else own
    engine.save(text, StateSlot(backend.block(key), backend.access(key), mark))

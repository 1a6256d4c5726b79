"""`purveyor state unlock|restore`: freeing a dead run's lock, going back to an earlier version."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.state_room import (
    confirm,
    now,
    open_room,
    open_writer,
    with_catalog,
    with_engine,
    with_json,
    with_target,
)

if TYPE_CHECKING:
    from purveyor.cli.state_room import Room
    from purveyor.journal import Journal
    from purveyor.json_text import JsonObject
    from purveyor.lock import Lock
    from purveyor.states.entity import Named, Target
    from purveyor.states.restoring import Restoration

_SHOWN = 40


@click.command(epilog=examples("purveyor state unlock orders-db --lock-id 1f6b0c1e-9d0a"))
@with_target
@click.option("--lock-id", required=True, help="The lock's id, as `purveyor state show` tells it.")
@click.option("--force", is_flag=True, help="Do not ask; needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why its holder is known to be dead.")
@with_catalog
@with_json
def unlock(
    *,
    words: str,
    kind: str | None,
    lock_id: str,
    force: bool,
    reason: str | None,
    catalog_path: str | None,
    as_json: bool,
) -> None:
    """Free the lock of a run that is known to be dead.

    Only the lock with this very id is freed. A run that is alive and loses its lock can destroy
    the state. What the sweep asks is asked first; where that proves it dead, nobody is asked, else
    look at its pipeline. A reason given with --force is kept in the journal.
    """
    from purveyor.lock import describe_lock

    if force and not reason:
        raise click.UsageError("--force needs --reason: it stays in this log.")
    room = open_room(catalog_path)
    target = room.find(words, kind)
    holder = room.backend.access(target.key).holder()
    if holder is not None:
        click.echo(f"{target.key.path} is locked by {describe_lock(holder)}.", err=True)
        if not force and holder.id in ("", lock_id) and not is_dead(room, target, holder):
            if not sys.stdin.isatty():
                raise click.UsageError("Nobody is here to be asked: use --force with --reason.")
            click.confirm("Is that run known to be dead?", abort=True, err=True)
    freed = room.backend.unlock(target.key, lock_id)
    if freed and force:
        _note(room, target, lock_id, reason or "", holder)
    told = {"key": target.key.path, "lock_id": lock_id, "freed": freed, "at": now()}
    if as_json:
        whose = describe_lock(holder) if holder else None
        click.echo(json_text.write({**told, "holder": whose, "reason": reason or ""}, indent=2))
        return
    because = f" Reason: {reason}" if reason else ""
    done = f"Freed lock {lock_id} of {target.key.path} at {told['at']}.{because}"
    click.echo(done if freed else f"{target.key.path} is not locked; nothing was done.")


def is_dead(room: Room, target: Target | Named, holder: Lock) -> bool:
    """Ask who worked on the entity last, and whether that run is certainly over; say what is known.

    A lock that may be somebody else's is never called dead.
    """
    from purveyor.cli.sweep import open_ports
    from purveyor.process import Interruption
    from purveyor.sweep import judge_lock

    if _open_journal(room) is None or not target.kind:
        return False
    ports = open_ports(room, dry_run=True, interruption=Interruption())
    verdict = judge_lock(holder, kind=target.kind, entity=target.id, ports=ports)
    click.echo(verdict.words, err=True)
    return verdict.dead


def _note(room: Room, target: Target, lock_id: str, reason: str, holder: Lock | None) -> None:
    """Keep in the journal who was set free by force, and why; where there is one."""
    from purveyor.lock import describe_lock

    journal = _open_journal(room)
    if journal is not None and target.kind:
        words = describe_lock(holder) if holder else ""
        note: JsonObject = {"at": now(), "lock_id": lock_id, "reason": reason, "holder": words}
        journal.note_unlock(target.kind, target.id, note)


def _open_journal(room: Room) -> Journal | None:
    from purveyor.cli.machine import open_journal

    return None if room.records is None else open_journal(room.records, room.settings)


@click.command(epilog=examples("purveyor state restore orders-db --version V --dry-run"))
@with_target
@click.option("--version", required=True, metavar="V", help="See `purveyor state history`.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--yes", is_flag=True, help="Do not ask.")
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
    from purveyor.states.restoring import plan_restoration
    from purveyor.states.restoring import restore as bring_back

    room = open_room(catalog_path)
    plan = plan_restoration(room.find(words, kind), version, room.backend)
    _show(plan)
    serial = None
    if not dry_run:
        confirm("Go back to that version?", yes=yes)
        written = bring_back(plan, room.backend, open_writer(room, engine))
        serial = written.document.serial
    if as_json:
        click.echo(json_text.write(_document(plan, serial=serial), indent=2))
    elif serial is not None:
        click.echo(f"{plan.target.key.path} is back at version {version}, now serial {serial}.")


def _show(plan: Restoration) -> None:
    """Say on standard error what changes."""
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

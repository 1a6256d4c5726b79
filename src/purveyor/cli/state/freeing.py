"""`purveyor state unlock|settle`: what a dead run left locked or in doubt is set free."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import open_catalog_context, open_journal, open_sweep
from purveyor.cli.format import now
from purveyor.cli.options import with_catalog, with_json, with_target
from purveyor.entity import EntityRef

if TYPE_CHECKING:
    from purveyor.cli.catalog_context import CatalogContext
    from purveyor.journal import Journal
    from purveyor.json_text import JsonObject
    from purveyor.lock import Lock
    from purveyor.states.entity import Named, StateTarget

_SETTLE_EXAMPLES = examples(
    'purveyor state settle service/orders-db --reason "looked in the console: nothing is left"'
)


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
    context = open_catalog_context(catalog_path)
    target = context.find(words, kind)
    holder = context.backend.access(target.key).holder()
    if holder is not None:
        click.echo(f"{target.key.path} is locked by {describe_lock(holder)}.", err=True)
        if not force and holder.id in ("", lock_id) and not _is_dead(context, target, holder):
            if not sys.stdin.isatty():
                raise click.UsageError("Nobody is here to be asked: use --force with --reason.")
            click.confirm("Is that run known to be dead?", abort=True, err=True)
    freed = context.backend.unlock(target.key, lock_id)
    if freed and force:
        _note(context, target, lock_id, reason or "", holder)
    told = {"key": target.key.path, "lock_id": lock_id, "freed": freed, "at": now()}
    if as_json:
        whose = describe_lock(holder) if holder else None
        click.echo(json_text.write({**told, "holder": whose, "reason": reason or ""}, indent=2))
        return
    because = f" Reason: {reason}" if reason else ""
    done = f"Freed lock {lock_id} of {target.key.path} at {told['at']}.{because}"
    click.echo(done if freed else f"{target.key.path} is not locked; nothing was done.")


def _is_dead(context: CatalogContext, target: StateTarget | Named, holder: Lock) -> bool:
    """Ask who worked on the entity last, and whether that run is certainly over; say what is known.

    A lock that may be somebody else's is never called dead.
    """
    from purveyor.process import Interruption
    from purveyor.sweep import judge_lock

    if _open_journal(context) is None or not target.kind:
        return False
    sweeper = open_sweep(context, dry_run=True, interruption=Interruption())
    verdict = judge_lock(holder, entity=EntityRef.of(target), sweeper=sweeper)
    click.echo(verdict.words, err=True)
    return verdict.dead


def _note(
    context: CatalogContext, target: StateTarget, lock_id: str, reason: str, holder: Lock | None
) -> None:
    """Keep in the journal who was set free by force, and why; where there is one."""
    from purveyor.lock import describe_lock

    journal = _open_journal(context)
    if journal is not None and target.kind:
        words = describe_lock(holder) if holder else ""
        note: JsonObject = {"at": now(), "lock_id": lock_id, "reason": reason, "holder": words}
        journal.note_unlock(EntityRef.of(target), note)


def _open_journal(context: CatalogContext) -> Journal | None:
    return None if context.records is None else open_journal(context.records, context.settings)


@click.command(epilog=_SETTLE_EXAMPLES)
@click.argument("target", metavar="KIND/ID")
@click.option("--reason", required=True, metavar="TEXT", help="What was found; it is kept.")
@with_catalog
def settle(*, target: str, reason: str, catalog_path: str | None) -> None:
    """Say that what a lost run may have built, or what was let go of, has been looked at.

    When a run is lost while its engine changes something, the state may not know all that exists.
    Every further run then refuses with NEEDS_RECOVERY until somebody has compared what exists
    with the state, has mended it, and says so here. A run that still shows signs of life cannot
    be settled. A delete that ended as RETAINED is closed here, too, once what it names is gone.
    """
    from purveyor.dispatch import look_up
    from purveyor.errors import StateLockedError
    from purveyor.journal import Capsules

    context = open_catalog_context(catalog_path)
    if context.records is None:
        raise click.UsageError("This catalog has no journal, so that nothing is in doubt.")
    journal = open_journal(context.records, context.settings)
    named = _find(target, context, journal)
    markers = journal.markers.find(EntityRef.of(named))
    for marker in markers:
        if (
            journal.is_over(marker, is_dead=lambda run: look_up(run, context.settings).dead)
            is False
        ):
            raise StateLockedError(
                f"A run is at work on {target}: {marker.run}. Nothing was settled.",
                hint="Wait for its end; when it is lost, it falls silent for five minutes first.",
            )
    note: JsonObject = {"at": now(), "reason": reason}
    told = _free(context, named) if markers else []
    journal.markers.settle(markers, note)
    retained = Capsules(context.records).release(EntityRef.of(named), note)
    told += [f"Settled: {each} of {target} does not count as left behind." for each in retained]
    click.echo("\n".join(told) or f"Nothing was in doubt about {target}; nothing was done.")


def _find(target: str, context: CatalogContext, journal: Journal) -> Named:
    """Return which entity is meant: one in doubt, else any."""
    from purveyor.states.entity import KINDS, Named, choose

    kind, _, words = target.rpartition("/")
    if kind not in ("", *KINDS):
        raise click.BadParameter("Give it as service/ID or link/ID.", param_hint="KIND/ID")
    last = {entity: journal.last(action) for entity, action in journal.markers.doubted()}
    doubted = [
        Named(each.kind, each.id, found.begin.slug if found else "") for each, found in last.items()
    ]
    found = choose(words, (each for each in doubted if kind in ("", each.kind)))
    return found or context.owner(words, kind or None)


def _free(context: CatalogContext, named: Named) -> list[str]:
    """Free the lock that the lost run left, if its holder is dead for certain; say how it is."""
    from purveyor.lock import describe_lock

    key = context.backend.locate(named)
    holder = context.backend.access(key).holder()
    settled = f"Settled: {named.kind} {named.id} can be changed again."
    if holder is None:
        return [settled]
    if _is_dead(context, named, holder) and context.backend.unlock(key, holder.id):
        return [f"{settled} The lock that its run left, {holder.id}, is freed."]
    return [
        f"Settled, but the state is still locked by {describe_lock(holder)}; if that run is dead:",
        f"  purveyor state unlock {key.path} --lock-id {holder.id}",
    ]

"""`purveyor state settle`: a person has looked at what a lost run may have built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.state_room import now, open_room, with_catalog

if TYPE_CHECKING:
    from purveyor.cli.state_room import Room
    from purveyor.journal import Journal
    from purveyor.json_text import JsonObject
    from purveyor.states.entity import Named

_EXAMPLES = examples(
    'purveyor state settle service/orders-db --reason "looked in the console: nothing is left"'
)


@click.command(epilog=_EXAMPLES)
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
    from purveyor.cli.machine import open_journal
    from purveyor.dispatch import look_up
    from purveyor.errors import StateLockedError
    from purveyor.journal import Capsules

    room = open_room(catalog_path)
    if room.records is None:
        raise click.UsageError("This catalog has no journal, so that nothing is in doubt.")
    journal = open_journal(room.records, room.settings)
    named = _find(target, room, journal)
    markers = journal.markers.find(named.kind, named.id)
    for marker in markers:
        if journal.is_over(marker, is_dead=lambda run: look_up(run, room.settings).dead) is False:
            raise StateLockedError(
                f"A run is at work on {target}: {marker.run}. Nothing was settled.",
                hint="Wait for its end; when it is lost, it falls silent for five minutes first.",
            )
    note: JsonObject = {"at": now(), "reason": reason}
    told = _free(room, named) if markers else []
    journal.markers.settle(markers, note)
    retained = Capsules(room.records).release(named.kind, named.id, note)
    told += [f"Settled: {each} of {target} does not count as left behind." for each in retained]
    click.echo("\n".join(told) or f"Nothing was in doubt about {target}; nothing was done.")


def _find(target: str, room: Room, journal: Journal) -> Named:
    """Return which entity is meant: one in doubt, else any."""
    from purveyor.states.entity import KINDS, Named
    from purveyor.states.naming import choose

    kind, _, words = target.rpartition("/")
    if kind not in ("", *KINDS):
        raise click.BadParameter("Give it as service/ID or link/ID.", param_hint="KIND/ID")
    last = {marker[:2]: journal.last(marker[2]) for marker in journal.markers.doubted()}
    doubted = [Named(*each, found[0].slug if found else "") for each, found in last.items()]
    found = choose(words, (each for each in doubted if kind in ("", each.kind)))
    return found or room.owner(words, kind or None)


def _free(room: Room, named: Named) -> list[str]:
    """Free the lock that the lost run left, if its holder is dead for certain; say how it is."""
    from purveyor.cli.state_changing import is_dead
    from purveyor.lock import describe_lock

    key = room.backend.locate(named)
    holder = room.backend.access(key).holder()
    settled = f"Settled: {named.kind} {named.id} can be changed again."
    if holder is None:
        return [settled]
    if is_dead(room, named, holder) and room.backend.unlock(key, holder.id):
        return [f"{settled} The lock that its run left, {holder.id}, is freed."]
    return [
        f"Settled, but the state is still locked by {describe_lock(holder)}; if that run is dead:",
        f"  purveyor state unlock {key.path} --lock-id {holder.id}",
    ]

"""`purveyor state settle`: a person has looked at what a lost run may have built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from purveyor.cli import examples
from purveyor.cli.state_room import now, open_room, with_catalog

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor.run_identity import RunIdentity

_TARGET = re.compile(r"(service|link)/([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXAMPLES = examples(
    'purveyor state settle service/5a1f --reason "looked in the console: nothing is left"'
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
    be settled. A delete of something whose module lets go of objects without destroying them
    ends as RETAINED, each time, until what is named is dealt with and settled here, too.
    """
    from purveyor.cli.machine import open_journal
    from purveyor.dispatch import look_up
    from purveyor.errors import StateLockedError
    from purveyor.journal import Capsules

    parts = _TARGET.fullmatch(target)
    if parts is None:
        raise click.BadParameter("Give it as service/ID or link/ID.", param_hint="KIND/ID")
    room = open_room(catalog_path)
    if room.records is None:
        raise click.UsageError("This catalog has no journal, so that nothing is in doubt.")
    journal = open_journal(room.records, room.settings)
    marks = journal.marks.standing(parts[1], parts[2])

    def is_dead(identity: RunIdentity) -> bool | None:
        return look_up(identity, room.settings).dead

    for mark in marks:
        if journal.is_over(mark, is_dead=is_dead) is False:
            raise StateLockedError(
                f"A run is at work on {target}: {mark.run}. Nothing was settled.",
                hint="Wait for its end; when it is lost, it falls silent for five minutes first.",
            )
    note: JsonObject = {"at": now(), "reason": reason}
    journal.marks.settle(marks, note)
    retained = Capsules(room.records).release(parts[1], parts[2], note)
    told = [f"Settled: {target} can be changed again."] if marks else []
    told += [f"Settled: {each} of {target} does not count as left behind." for each in retained]
    click.echo("\n".join(told) or f"Nothing was in doubt about {target}; nothing was done.")

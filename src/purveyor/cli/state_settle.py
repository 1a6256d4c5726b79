"""`purveyor state settle`: a person has looked at what a lost run may have built."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import click

from purveyor.cli.state_room import now, open_room, with_catalog

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

_TARGET = re.compile(r"(service|link)/([A-Za-z0-9][A-Za-z0-9._-]*)")
_EPILOG = """\b
Example:
  purveyor state settle service/5a1f --reason "looked in the console: nothing is left"
"""


@click.command(epilog=_EPILOG)
@click.argument("target", metavar="KIND/ID")
@click.option("--reason", required=True, metavar="TEXT", help="What was found; it is kept.")
@with_catalog
def settle(*, target: str, reason: str, catalog_path: str | None) -> None:
    """Say that what a lost run may have built has been looked at.

    When a machine is lost while a run changes something, the state may not know all that exists.
    The sweep notes it, and every further run refuses with NEEDS_RECOVERY until somebody has
    compared what exists with the state, has mended it, and says so here.
    """
    from purveyor.backends.records import open_records
    from purveyor.journal import Journal

    parts = _TARGET.fullmatch(target)
    if parts is None:
        raise click.BadParameter("Give it as service/ID or link/ID.", param_hint="KIND/ID")
    records = open_records(open_room(catalog_path).backend)
    if records is None:
        raise click.UsageError("This backend keeps no journal, so that nothing is in doubt.")
    note: JsonObject = {"at": now(), "reason": reason}
    if Journal(records, time.time).settle(parts[1], parts[2], note):
        click.echo(f"Settled: {target} can be changed again.")
    else:
        click.echo(f"Nothing was in doubt about {target}; nothing was done.")

"""`purveyor sweep`: for a schedule; ends what died, frees what the dead left locked."""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import open_catalog_context, open_sweep
from purveyor.cli.format import now, print_rows, shortened
from purveyor.cli.options import LEAST_WAIT, read_wait, with_catalog, with_json
from purveyor.durations import read_duration, tell_age
from purveyor.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.cli.catalog_context import CatalogContext
    from purveyor.settings import Settings
    from purveyor.sweep import Search, Sweeper, Swept, SweptAction, SweptLock

_HEADS = ("AGE", "WHAT", "PERSON", "SLUG", "FOUND", "DONE", "ID", "OF", "ATTEMPT", "RUN")
# A run of the templates takes up to an hour, and may wait for another one of the same service.
_DEFAULT = "2h"


@click.command(epilog=examples("purveyor sweep --nrn organization=1:account=2 --dry-run"))
@with_catalog
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option(
    "--loop",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Sweep again and again, with a pause between; a signal ends it.",
)
@click.option(
    "--nrn",
    "places",
    multiple=True,
    metavar="NRN",
    help="Also ask the platform, at this place and below, for actions that no run took."
    " May be given again. Without it: PURVEYOR_NRN, with spaces between.",
)
@click.option(
    "--unclaimed-after",
    callback=read_wait,
    metavar="DURATION",
    help="How long such an action may wait for its run: 90min, 2h, 1d. Without it:"
    " PURVEYOR_UNCLAIMED_AFTER, then 2h.",
)
@click.option(
    "--cancel-after",
    callback=read_wait,
    metavar="DURATION",
    help="Have the CI cancel a run whose action was delivered longer ago and has not ended.",
)
@click.option(
    "--every-entity",
    is_flag=True,
    help="Look also at services and links that are shown as active or failed: one request each.",
)
@with_json
def sweep(
    *,
    catalog_path: str | None,
    dry_run: bool,
    loop: float | None,
    places: tuple[str, ...],
    unclaimed_after: float | None,
    cancel_after: float | None,
    every_entity: bool,
    as_json: bool,
) -> None:
    """End actions whose runner died, and free the locks that it left.

    What is certain is done: a run that is silent for five minutes and of which its CI says that it
    has ended is reported to the platform as failed, RUNNER_LOST; an ending that the platform has
    not heard is told again. What is not certain is listed for a person, and the exit code is 19.
    Two sweeps at once are safe.

    With --nrn, an action of this catalog that has waited too long and that no run took is ended
    too, RUN_NOT_STARTED. Others' are never touched, nor is one that waits for an approval.
    """
    from purveyor.process import Interruption

    interruption = Interruption()
    with interruption.caught():
        context = open_catalog_context(catalog_path)
        sweeper = open_sweep(context, dry_run=dry_run, interruption=interruption)
        search = _open_search(context, places, unclaimed_after, every_entity=every_entity)
        sweeper = dataclasses.replace(sweeper, search=search, cancel_after=cancel_after)
        left = _sweep_once(sweeper, as_json=as_json)
        while loop is not None and not interruption.wait(loop):
            left = _sweep_once(sweeper, as_json=as_json)
    if left:
        click.get_current_context().exit(RecoveryError.exit_code)


def _open_search(
    context: CatalogContext, places: tuple[str, ...], after: float | None, *, every_entity: bool
) -> Search | None:
    """Return the search; None where no place is named, here or in PURVEYOR_NRN.

    `after` is in seconds, None for the environment's word.
    """
    from purveyor.ci import detect, read_identity
    from purveyor.redaction import Redactor
    from purveyor.reporter import open_pending_actions
    from purveyor.reporter.pending_actions import SETTLED, UNFINISHED
    from purveyor.run_identity import SWEEP
    from purveyor.sweep import Search

    settings = context.settings
    places = places or tuple((settings.text("PURVEYOR_NRN") or "").split())
    if not places:
        return None
    here = read_identity(detect(settings, stream=sys.stderr, errors=sys.stderr), settings)
    return Search(
        open_pending_actions=partial(open_pending_actions, settings, Redactor(settings.secrets())),
        places=places,
        after=_read_after(settings) if after is None else after,
        statuses=(*UNFINISHED, *SETTLED) if every_entity else UNFINISHED,
        serves=context.catalog.serves,
        identity=dataclasses.replace(here, ci=SWEEP, run="", attempt=1),
    )


def _read_after(settings: Settings) -> float:
    try:
        return read_duration(
            settings.text("PURVEYOR_UNCLAIMED_AFTER") or _DEFAULT, least=LEAST_WAIT
        )
    except ValueError as error:
        raise click.UsageError(f"PURVEYOR_UNCLAIMED_AFTER: {error}") from None


def _sweep_once(sweeper: Sweeper, *, as_json: bool) -> bool:
    """Sweep and show; return whether something needs a person."""
    from purveyor.sweep import sweep as sweep_all

    swept = sweep_all(sweeper)
    if as_json:
        click.echo(json_text.write(_document(swept, dry_run=sweeper.dry_run)))
    else:
        print_rows(_HEADS, _rows(swept), main=4, nothing="Nothing is open.")
    return swept.needs_person


def _document(swept: Swept, *, dry_run: bool) -> dict[str, object]:
    return {
        "at": now(),
        "dry_run": dry_run,
        "needs_person": swept.needs_person,
        "actions": [dataclasses.asdict(each) for each in swept.actions],
        "locks": [dataclasses.asdict(each) for each in swept.locks],
        "platform": dataclasses.asdict(swept.platform) if swept.platform else None,
    }


def _rows(swept: Swept) -> Iterator[tuple[str, ...]]:
    short = shortened(name for each in swept.actions for name in (each.action, each.entity))
    for action in swept.actions:
        of = f"{action.kind} {short(action.entity)}".strip() or "-"
        named = (short(action.action), of, str(action.attempt or "-"))
        yield (*_found(action, "action", action.found), *named, action.run_url)
    for lock in swept.locks:
        found = f"{lock.found}; held by {lock.holder}" if lock.holder else lock.found
        yield (*_found(lock, "lock", found), lock.lock_id, lock.key, "-", lock.run_url)
    for fault, hint in swept.platform.faults if swept.platform else ():
        yield ("?", "platform", "yes", "-", fault, hint, "-", "-", "-", "")


def _found(each: SweptAction | SweptLock, what: str, found: str) -> tuple[str, ...]:
    person = "yes" if each.needs_person else "no"
    return (tell_age(each.age), what, person, each.slug or "-", found, each.done)

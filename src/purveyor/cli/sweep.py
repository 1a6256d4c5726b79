"""`purveyor sweep`: for a schedule; ends what died, frees what the dead left locked."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.state_room import now, open_room, tell_age, with_catalog, with_json
from purveyor.cli.state_table import print_rows, shortened
from purveyor.cli.sweep_search import SweepOptions, open_search, read_wait
from purveyor.errors import CatalogError, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.cli.state_room import Room
    from purveyor.journal.store import DatedStore
    from purveyor.process import Interruption
    from purveyor.sweep import Ports, Swept, SweptAction, SweptLock

_HEADS = ("AGE", "WHAT", "PERSON", "SLUG", "FOUND", "DONE", "ID", "OF", "ATTEMPT", "RUN")


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
    options = SweepOptions(places, unclaimed_after, every_entity)
    with interruption.caught():
        room = open_room(catalog_path)
        ports = open_ports(room, dry_run=dry_run, interruption=interruption)
        ports = dataclasses.replace(ports, search=open_search(room, options))
        left = _sweep_once(ports, as_json=as_json)
        while loop is not None and not interruption.wait(loop):
            left = _sweep_once(ports, as_json=as_json)
    if left:
        click.get_current_context().exit(RecoveryError.exit_code)


def open_store(room: Room) -> DatedStore:
    """Return where the journal lies; raise CatalogError where there is none."""
    if room.records is None:
        raise CatalogError(
            f"The backend {room.name} keeps no journal, so that nothing is known of its runs.",
            hint="Name a store for it under `journal` in purveyor.yaml, such as an S3 bucket.",
            details=(
                "Without it an action that a run has cannot be told from one that none took.",
            ),
        )
    return room.records


def open_ports(room: Room, *, dry_run: bool, interruption: Interruption) -> Ports:
    """Return what a sweep needs, from the catalog's backend and the environment."""
    import time
    from functools import partial

    from purveyor.cli.machine import open_journal
    from purveyor.dispatch import engine_runs_here, look_up
    from purveyor.journal import History
    from purveyor.reporter import open_reporter
    from purveyor.sweep import Ports

    store = open_store(room)
    return Ports(
        journal=open_journal(store, room.settings),
        history=History(store),
        states=room.backend,
        look_up=partial(look_up, settings=room.settings),
        engine_runs_here=engine_runs_here,
        open_reporter=partial(open_reporter, room.settings, room.redactor),
        wall_clock=time.time,
        sleep=interruption.wait,
        dry_run=dry_run,
    )


def _sweep_once(ports: Ports, *, as_json: bool) -> bool:
    """Sweep and show; return whether something needs a person."""
    from purveyor.sweep import sweep as sweep_all

    swept = sweep_all(ports)
    if as_json:
        click.echo(json_text.write(_document(swept, dry_run=ports.dry_run)))
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

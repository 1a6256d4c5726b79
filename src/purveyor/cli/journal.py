"""`purveyor journal list|show`: what the journal knows of actions and their attempts."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

import click

from purveyor import json_text
from purveyor.cli import LazyGroup, examples
from purveyor.cli.state_room import open_room, tell_time, with_catalog, with_json
from purveyor.cli.sweep import open_store, tell_seconds
from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.journal import Attempted

_HERE = "purveyor.cli.journal"
_HEADS = ("ACTION", "ATTEMPT", "OPERATION", "OF", "BEGAN", "QUIET", "ENDED", "HEARD", "RUN")


class JournalGroup(LazyGroup):
    """The commands about the journal."""

    table: ClassVar[dict[str, tuple[str, str]]] = {
        "list": (f"{_HERE}:list_actions", "List actions, each with its last attempt."),
        "show": (f"{_HERE}:show", "Tell everything about one action."),
    }


@click.group(cls=JournalGroup, epilog=examples("purveyor journal list --open"))
def journal() -> None:
    """Look at the record of actions."""


@click.command("list", epilog=examples("purveyor journal list --open --json"))
@click.option("--open", "only_open", is_flag=True, help="Only those that are not closed.")
@with_catalog
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_actions(*, only_open: bool, catalog_path: str | None, as_json: bool) -> None:
    """List actions, each with its last attempt.

    With --open that is quick however long the history is; without it, every action is read.
    """
    from purveyor.cli.state_table import print_rows
    from purveyor.journal import Attempted, History, Journal

    store = open_store(open_room(catalog_path))
    kept = Journal(store, time.time)
    names = kept.open_actions() if only_open else History(store).actions()
    found = (Attempted(*last) for name in names if (last := kept.last(name)) is not None)
    if as_json:
        for each in found:
            click.echo(json_text.write(_fields(each)))
    else:
        print_rows(_HEADS, _rows(found))


@click.command(epilog=examples("purveyor journal show 7d9e2a10"))
@click.argument("action")
@with_catalog
@with_json
def show(*, action: str, catalog_path: str | None, as_json: bool) -> None:
    """Tell of every attempt of an action: its begin, last sign of life, end, and who heard it."""
    from purveyor.journal import History

    attempts = History(open_store(open_room(catalog_path))).attempts(action)
    if not attempts:
        raise RecoveryError(
            f"The journal knows no action {action[:64]}.",
            reason=ReasonCode.STATE_MISSING,
            hint="`purveyor journal list` names those that it knows.",
        )
    told = [_fields(each) for each in attempts]
    if as_json:
        click.echo(json_text.write({"action": action, "attempts": told}, indent=2))
        return
    for each in told:
        click.echo(f"attempt {each['attempt']}")
        for name, value in each.items():
            if name not in ("action", "attempt") and value not in (None, ""):
                click.echo(f"  {name}: {value if isinstance(value, str) else _write(value)}")


def _write(value: object) -> str:
    return json_text.write(value)


def _rows(found: Iterator[Attempted]) -> Iterator[tuple[str, ...]]:
    for each in found:
        begin, end = each.begin, each.end
        yield (
            begin.action,
            str(begin.attempt),
            begin.operation,
            f"{begin.kind} {begin.entity}",
            _moment(begin.at),
            tell_seconds(max(0.0, time.time() - each.last_sign)),
            f"{end.status} {end.reason}" if end else "-",
            "yes" if each.heard else "no",
            begin.identity.url or begin.identity.host,
        )


def _fields(each: Attempted) -> dict[str, object]:
    """Return what a person asks for; results stay in the journal, only their names are told."""
    begin, beat, end = each.begin, each.beat, each.end
    return {
        "action": begin.action,
        "attempt": begin.attempt,
        "operation": begin.operation,
        "kind": begin.kind,
        "entity": begin.entity,
        "slug": begin.slug,
        "ci": begin.identity.ci,
        "run_url": begin.identity.url,
        "host": begin.identity.host,
        "began": _moment(begin.at),
        "last_sign": _moment(each.last_sign),
        "phase": beat.phase if beat else "",
        "lock_id": beat.lock_id if beat else "",
        "ended": _moment(end.at) if end else None,
        "status": end.status if end else None,
        "reason": end.reason if end else None,
        "message": end.message if end else None,
        "details": list(end.details) if end else [],
        "results": sorted(end.results or {}) if end else [],
        "state_key": end.state_key if end else begin.state_key,
        "heard": each.heard,
    }


def _moment(seconds: float) -> str:
    return tell_time(datetime.fromtimestamp(int(seconds), UTC)) or ""

"""`purveyor journal list|show`: what the journal knows of actions and their attempts."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import click

from purveyor import json_text
from purveyor.cli import LazyGroup, examples
from purveyor.cli.catalog_context import open_catalog_context
from purveyor.cli.format import person_reads, print_fields, print_rows, shortened, tell_time
from purveyor.cli.options import read_wait, with_catalog, with_json, with_json_lines
from purveyor.durations import tell_age
from purveyor.entity import EntityRef
from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.cli.catalog_context import CatalogContext
    from purveyor.journal import AttemptRecord, Journal

_HERE = "purveyor.cli.journal"
_MAIN = ("BEGAN (UTC)", "STATUS", "REASON", "SLUG")
_HEADS = (*_MAIN, "OPERATION", "ACTION", "OF", "ATTEMPT", "QUIET", "HEARD", "RUN")
_LIMIT = 20
_ABOVE = ("action", "attempt")
_COMMANDS = {
    "list": (f"{_HERE}:list_actions", "List actions, each with its last attempt."),
    "show": (f"{_HERE}:show", "Tell everything about one action."),
}


@click.group(cls=LazyGroup, table=_COMMANDS, epilog=examples("purveyor journal list --open"))
def journal() -> None:
    """Look at the record of actions."""


@click.command("list", epilog=examples("purveyor journal list --failed --since 1d"))
@click.option("--open", "only_open", is_flag=True, help="Only those that are not closed.")
@click.option("--failed", "only_failed", is_flag=True, help="Only those that ended badly.")
@click.option("--service", "entity", metavar="ID", help="Only of this service or link.")
@click.option("--since", callback=read_wait, metavar="DURATION", help="Only newer ones: 90min, 1d.")
@click.option(
    "--limit", type=click.IntRange(0), help=f"Only so many, 0 for all. [on a terminal: {_LIMIT}]"
)
@with_catalog
@with_json_lines
def list_actions(
    *,
    only_open: bool,
    only_failed: bool,
    entity: str | None,
    since: float | None,
    limit: int | None,
    catalog_path: str | None,
    as_json: bool,
) -> None:
    """List actions, each with its last attempt; the newest first.

    With --open that is quick however long the history is.
    """
    from purveyor.journal import Journal

    store = open_catalog_context(catalog_path).journal_store()
    kept, now = Journal(store, time.time), time.time()
    began = dict.fromkeys(kept.open_actions(), now) if only_open else kept.actions()
    least = now - (since or now)
    lasts = (kept.last(name) for name, at in began.items() if at >= least)
    every = (last for last in lasts if last is not None)
    found = (each for each in every if _is_wanted(each, entity, least, only_failed=only_failed))
    if limit is None and person_reads() and not as_json:
        limit = _LIMIT
    newest = partial(sorted, key=attrgetter("begin.at"), reverse=True)
    shown = newest(itertools.islice(newest(found) if only_open else found, limit or None))
    if as_json:
        for each in shown:
            click.echo(json_text.write(tell_attempt(each)))
        return
    nothing = "Nothing is open." if only_open else "The journal is empty."
    short = shortened([*began, *(each.begin.entity for each in shown)])
    rows = [_cells(each, short) for each in shown]
    print_rows(_HEADS, rows, main=len(_MAIN), nothing="No action fits." if began else nothing)
    if limit and len(shown) == limit:
        click.echo(f"The newest {limit}; `--limit 0` lists all.", err=True)


@click.command(epilog=examples("purveyor journal show 7d9e2a10"))
@click.argument("action")
@with_catalog
@with_json
def show(*, action: str, catalog_path: str | None, as_json: bool) -> None:
    """Tell of every attempt of an action: its begin, last sign of life, end, and who heard it.

    ACTION is its id or the begin of it; a service's or link's id or slug stands for its last one.
    """
    from purveyor.journal import Journal

    context = open_catalog_context(catalog_path)
    kept = Journal(context.journal_store(), time.time)
    attempts = kept.attempts(action) or kept.attempts(_search(action, kept, context))
    if not attempts:
        raise RecoveryError(
            f"The journal knows no action {action[:64]}.",
            reason=ReasonCode.STATE_MISSING,
            hint="`purveyor journal list` names those that it knows.",
        )
    told = [tell_attempt(each) for each in attempts]
    if as_json:
        name = attempts[0].begin.action
        click.echo(json_text.write({"action": name, "attempts": told}, indent=2))
        return
    click.echo(f"action: {attempts[0].begin.action}")
    for each in told:
        click.echo(f"attempt {each['attempt']}")
        print_fields({name: each[name] for name in each if name not in _ABOVE}, "  ")


def _search(words: str, kept: Journal, context: CatalogContext) -> str:
    """Return the id of the action that is meant by less than its id; empty when there is none."""
    from purveyor.states.entity import Named, choose

    found = choose(words, (Named("action", name) for name in kept.actions()))
    if found is not None:
        return found.id
    try:
        target = context.find(words, None)
    except RecoveryError as error:
        if error.reason is not ReasonCode.STATE_MISSING:
            raise
        return ""
    return kept.last_action(EntityRef.of(target)) or ""


def _is_wanted(each: AttemptRecord, entity: str | None, least: float, *, only_failed: bool) -> bool:
    from purveyor.states.entity import Named, is_meant

    begin, end = each.begin, each.end
    mine = [Named(begin.kind, name, begin.slug) for name in (begin.entity, begin.service)]
    named = entity is None or any(is_meant(entity, name) for name in mine)
    failed = end is not None and end.status != "success"
    return named and begin.at >= least and (failed or not only_failed)


def _cells(each: AttemptRecord, short: Callable[[str], str]) -> tuple[str, ...]:
    begin, end, moment = each.begin, each.end, _moment(each.begin.at)
    return (
        moment[:16].replace("T", " ") if person_reads() else moment,
        end.status if end else "parked" if each.request else "open",
        end.reason if end else ReasonCode.APPROVAL_AWAITED.value if each.request else "-",
        begin.slug or "-",
        begin.operation,
        short(begin.action),
        f"{begin.kind} {short(begin.entity)}",
        str(begin.attempt),
        tell_age(time.time() - each.last_sign),
        "yes" if each.reported else "no",
        begin.identity.url or begin.identity.host,
    )


def tell_attempt(each: AttemptRecord) -> dict[str, Any]:
    """Return what a person asks for; results stay in the journal, only their names are told."""
    begin, beat, end = each.begin, each.beat, each.end
    return {
        **{name: getattr(begin, name) for name in (*_ABOVE, "operation", "kind", "entity", "slug")},
        "ci": begin.identity.ci,
        "run_url": begin.identity.url,
        "host": begin.identity.host,
        "began": _moment(begin.at),
        "last_sign": _moment(each.last_sign),
        **{name: getattr(beat, name, "") for name in ("phase", "lock_id")},
        "ended": _moment(end.at) if end else None,
        **{name: getattr(end, name, None) for name in ("status", "reason", "message")},
        "details": list(end.details) if end else [],
        "results": sorted(end.results or {}) if end else [],
        "state_key": (end or begin).state_key,
        "module": begin.module,
        "engine": begin.engine,
        "platform_heard": each.reported,
        **({"waits": _tell_wait(each)} if each.request else {}),
    }


def _tell_wait(each: AttemptRecord) -> dict[str, object]:
    """Return what is or was waited for, and how that ended."""
    request, made = each.request, each.decision
    return {
        "step": request.step if request else "",
        "since": _moment(request.at) if request else "",
        "until": _moment(request.at + request.within) if request else "",
        **{name: getattr(made, name, None) for name in ("answer", "by", "why")},
        "decided": _moment(made.at) if made else None,
    }


def _moment(seconds: float) -> str:
    return tell_time(datetime.fromtimestamp(int(seconds), UTC)) or ""

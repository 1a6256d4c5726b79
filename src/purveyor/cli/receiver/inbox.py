"""`purveyor inbox list|retry`: what a receiver has accepted, and what became of it."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from purveyor import json_text
from purveyor.cli import LazyGroup, examples
from purveyor.cli.format import person_reads, print_rows, shortened, tell_time
from purveyor.cli.options import choose_inbox, with_inbox, with_json_lines
from purveyor.errors import CatalogError, ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from purveyor.inbox.model import Inbox, InboxRow

Found = TypeVar("Found")

_HERE = "purveyor.cli.receiver.inbox"
_MAIN = ("ACCEPTED (UTC)", "STATUS", "REASON", "SLUG")
_HEADS = (*_MAIN, "OPERATION", "ACTION", "OF", "TRIES", "NEXT TRY", "RUN")
_LIMIT, _ALL = 20, 1_000_000_000
_STATUSES = ("waiting", "running", "ended", "failed")
_TIMES = ("received_at", "due", "started_at", "ended_at")
_COMMANDS = {
    "list": (f"{_HERE}:list_deliveries", "List what was accepted."),
    "retry": (f"{_HERE}:retry", "Have what failed, or waits for its next try, tried now."),
}


@click.group(cls=LazyGroup, table=_COMMANDS, epilog=examples("purveyor inbox list --status failed"))
def inbox() -> None:
    """Look at what `purveyor serve` has accepted, and have it tried again."""


@click.command(
    "list",
    epilog=examples("purveyor inbox list --status failed", "purveyor inbox list --json --limit 5"),
)
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(_STATUSES), help="May be repeated."
)
@click.option(
    "--limit", type=click.IntRange(0), help=f"Only so many, 0 for all. [on a terminal: {_LIMIT}]"
)
@with_inbox
@with_json_lines
def list_deliveries(
    *, statuses: tuple[str, ...], limit: int | None, inbox_address: str | None, as_json: bool
) -> None:
    """List notifications that were accepted, the newest first."""
    from purveyor.inbox.model import DeliveryStatus

    wanted = [DeliveryStatus(each) for each in statuses or _STATUSES]
    if limit is None:
        limit = _LIMIT if person_reads() and not as_json else 0
    shown = _ask(inbox_address, lambda kept: kept.rows(wanted, limit or _ALL))
    if as_json:
        for each in shown:
            fields = dataclasses.asdict(each)
            click.echo(json_text.write({**fields, **{t: _moment(fields[t]) for t in _TIMES}}))
        return
    short = shortened(each.action_id for each in shown)
    print_rows(
        _HEADS,
        [_cells(each, short) for each in shown],
        main=len(_MAIN),
        nothing="Nothing fits." if statuses else "The inbox is empty.",
    )
    if limit and len(shown) == limit:
        click.echo(f"The newest {limit}; `--limit 0` lists all.", err=True)


@click.command(epilog=examples("purveyor inbox retry 7d9e2a10", "purveyor inbox retry --failed"))
@click.argument("actions", nargs=-1)
@click.option("--failed", is_flag=True, help="All that failed.")
@with_inbox
def retry(*, actions: tuple[str, ...], failed: bool, inbox_address: str | None) -> None:
    """Have deliveries tried now that failed or wait for their next try. ACTIONS are whole ids."""
    from purveyor.inbox.model import DeliveryStatus

    if failed == bool(actions):
        raise click.UsageError("Name actions, or say --failed for all that failed.")

    async def retry_all(kept: Inbox) -> list[str]:
        found = await kept.rows([DeliveryStatus.FAILED], _ALL) if failed else []
        refused = []
        for name in (*actions, *(each.action_id for each in found)):
            if await kept.retry(name):
                click.echo(name)
            else:
                refused.append(name)
        return refused

    if refused := _ask(inbox_address, retry_all):
        raise RecoveryError(
            f"Neither failed nor waiting: {', '.join(each[:64] for each in refused)}.",
            reason=ReasonCode.STATE_MISSING,
            hint="`purveyor inbox list` tells how each delivery stands.",
        )


def _ask(given: str | None, question: Callable[[Inbox], Awaitable[Found]]) -> Found:
    """Ask the chosen inbox; one in a file has to be there."""
    from purveyor.inbox import use_inbox
    from purveyor.settings import read_settings

    address = choose_inbox(given, read_settings())
    if "://" not in address and not Path(address).expanduser().exists():
        raise CatalogError(
            f"There is no inbox {address}.",
            hint="Name that of `purveyor serve`, as its user: --inbox, or PURVEYOR_INBOX.",
        )

    async def ask() -> Found:
        async with use_inbox(address) as kept:
            return await question(kept)

    return asyncio.run(ask())


def _cells(each: InboxRow, short: Callable[[str], str]) -> tuple[str, ...]:
    return (
        _moment(each.received_at) or "-",
        each.status,
        each.reason or "-",
        each.specification or "-",
        each.operation or "-",
        short(each.action_id),
        each.entity,
        str(each.tries),
        _moment(each.due) or "-",
        each.run_url or "-",
    )


def _moment(seconds: float) -> str | None:
    return tell_time(datetime.fromtimestamp(int(seconds), UTC)) if seconds else None

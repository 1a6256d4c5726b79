"""`purveyor work`: carries out what receivers on other machines have accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from purveyor.cli import examples
from purveyor.cli.options import choose_inbox, with_catalog, with_inbox
from purveyor.dataclass import dataclass
from purveyor.durations import read_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.client import PlatformClient
    from purveyor.receiver.events import Tell
    from purveyor.receiver.runs import RunsHere
    from purveyor.settings import Settings

_Command = TypeVar("_Command", bound="Callable[..., None]")
_EXAMPLES = examples(
    "purveyor work                             the inbox comes from PURVEYOR_INBOX",
    "purveyor work --inbox postgresql://purveyor@db.example.com/inbox --workers 8",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOptions:
    """What the command line asked for; times in seconds."""

    catalog_path: str | None
    inbox_address: str | None
    workers: int
    timeout: float
    drain: float
    keep: float

    def folder(self, settings: Settings) -> Path:
        """Return where what belongs to this machine's runs lies: beside an inbox in a file."""
        from purveyor.inbox import DEFAULT

        place = choose_inbox(self.inbox_address, settings)
        return Path(DEFAULT if "://" in place else place).expanduser().absolute().parent


def read_seconds(
    _: click.Context, __: click.Parameter, text: str, *, least: float = 3600.0
) -> float:
    try:
        return read_duration(text, least=least)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


_OPTIONS = (
    with_catalog,
    with_inbox,
    click.option(
        "--workers",
        type=click.IntRange(1, 256),
        default=4,
        show_default=True,
        help="How many actions are carried out at once.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=3600.0,
        show_default=True,
        metavar="SECONDS",
        help="Have a run stop in order after so long.",
    ),
    click.option(
        "--drain",
        type=click.FloatRange(min=0),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait at the end for runs that have begun. Those that take longer go on,"
        " and the next start waits for them.",
    ),
    click.option(
        "--keep",
        callback=read_seconds,
        default="30d",
        show_default=True,
        metavar="DURATION",
        help="How long what has ended is remembered: 12h, 30d.",
    ),
)


def with_work(command: _Command) -> _Command:
    """Add what `work` and `serve` both ask for."""
    for each in reversed(_OPTIONS):
        command = each(command)
    return command


def open_client(settings: Settings) -> PlatformClient:
    from purveyor.client import PlatformClient, read_address, read_credentials
    from purveyor.errors import CredentialsError
    from purveyor.redaction import Redactor

    credentials = read_credentials(settings)
    if credentials is None:
        raise CredentialsError(
            "There are no credentials for the platform: no run could tell how it ended.",
            hint="Give an API key in NULLPLATFORM_API_KEY, or a token in NP_TOKEN.",
        )
    redactor = Redactor(settings.secrets())
    return PlatformClient(read_address(settings), credentials, redactor=redactor)


def open_runs(options: WorkOptions, settings: Settings, tell: Tell) -> RunsHere:
    from functools import partial

    from purveyor.cli.catalog_context import open_local_runs
    from purveyor.receiver.confirmation import confirm
    from purveyor.receiver.runs import RunsHere

    client, local_runs = open_client(settings), open_local_runs(settings)
    catalog = Path(options.catalog_path or settings.text("PURVEYOR_CATALOG") or ".").absolute()
    return RunsHere(
        folder=options.folder(settings) / "runs",
        arguments=("--timeout", str(options.timeout)),
        # Nobody watches: what a run cannot do without an API key is refused, as in a CI.
        environment={**settings.for_runs(), "CI": "true", "PURVEYOR_CATALOG": str(catalog)},
        tell=tell,
        confirm=partial(confirm, client),
        left_engine=lambda action: bool((left := local_runs.read(action)) and left.engine),
    )


@click.command(epilog=_EXAMPLES)
@with_work
def work(**named: Any) -> None:
    """Carry out what receivers on other machines have accepted.

    They share an inbox in PostgreSQL with this one; it listens to nobody. Each action is a process
    of `purveyor run`, those of one service or link in order. SIGTERM ends it in order.
    What happens is told on standard output, one JSON object a line.
    """
    from purveyor.settings import read_settings

    _work(WorkOptions(**named), read_settings())


def _work(options: WorkOptions, settings: Settings) -> None:
    import asyncio

    from purveyor.inbox import use_inbox
    from purveyor.receiver.events import log_events
    from purveyor.receiver.serving import ServeLimits, work_until_signal

    settings.check()
    address = choose_inbox(options.inbox_address, settings)
    tell = log_events(click.echo)
    perform = open_runs(options, settings, tell)
    limits = ServeLimits(options.workers, options.drain, options.keep, perform.forget)

    async def live() -> None:
        async with use_inbox(address) as inbox:
            tell("working", workers=options.workers)
            await work_until_signal(inbox, perform=perform, limits=limits, tell=tell)

    asyncio.run(live())

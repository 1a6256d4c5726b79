"""The options and questions that commands share."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, TypeVar

import click

from purveyor.durations import read_duration
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.settings import Settings

_Command = TypeVar("_Command", bound="Callable[..., None]")
# Below, a CI would hardly have a chance to start the run.
LEAST_WAIT = 60.0


with_catalog = click.option(
    "--catalog",
    "catalog_path",
    metavar="PATH",
    type=click.Path(),
    help="The catalog file or its folder. Without it: PURVEYOR_CATALOG, then this folder.",
)
with_inbox = click.option(
    "--inbox",
    "inbox_address",
    metavar="PATH|URL",
    help="What keeps notifications until they have ended: a file, or postgresql://… for several"
    " machines. Without it: PURVEYOR_INBOX, then ~/.local/state/purveyor/inbox.sqlite.",
)
with_engine = click.option(
    "--engine",
    type=click.Choice(["opentofu", "terraform"]),
    help="The engine that writes the state; without it, whichever is found.",
)
with_nrn = click.option("--nrn", metavar="NRN", help="The place. Without it: PURVEYOR_NRN's first.")
with_yes = click.option("--yes", is_flag=True, help="Do not ask.")
with_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
with_json_lines = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a line."
)


def with_context(help_text: str) -> Callable[[_Command], _Command]:
    return click.option(
        "--context",
        "context_argument",
        metavar="FILE",
        type=click.Path(allow_dash=True),
        help=help_text,
    )


def with_target(command: _Command) -> _Command:
    kind = click.option(
        "--kind", type=click.Choice(["service", "link"]), help="Whose id it is, if both have it."
    )
    return click.argument("words", metavar="ID|KEY")(kind(command))


def choose_inbox(given: str | None, settings: Settings) -> str:
    """Return where the inbox is; refuse a password that the list of processes would show."""
    from purveyor.inbox import DEFAULT

    if re.match(r"\w+://[^/@]*:[^/]*@|.*[?&]password=", given or ""):
        raise click.UsageError(
            "--inbox holds a password, which everybody on this machine can read there: put the"
            " address into PURVEYOR_INBOX, or the password into ~/.pgpass."
        )
    return given or settings.text("PURVEYOR_INBOX") or DEFAULT


def read_wait(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Read an option's duration in seconds; None where it is not given."""
    del context, option
    try:
        return None if text is None else read_duration(text, least=LEAST_WAIT)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def choose_nrn(nrn: str | None) -> str:
    found = nrn or next(iter((read_settings().text("PURVEYOR_NRN") or "").split()), None)
    if found is None:
        raise click.UsageError("Say --nrn: the place whose actions are meant, and all below it.")
    return found


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person; raise UsageError where nobody can answer and nothing was said before."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody is here to be asked: say --yes if it is to be done.")
    click.confirm(question, abort=True, err=True)

"""`purveyor doctor`: what would go wrong with the first real action."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.format import print_rows
from purveyor.cli.options import with_catalog, with_json
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from purveyor.doctor.findings import Diagnosis

_PATIENCE = 5.0  # seconds


@click.command(epilog=examples("purveyor doctor", "purveyor doctor --nrn organization=1 --json"))
@with_catalog
@click.option("--nrn", help="Where services live. Without it: the first of PURVEYOR_NRN.")
@with_json
def doctor(*, catalog_path: str | None, nrn: str | None, as_json: bool) -> None:
    """Look for what would go wrong with the first real action.

    Asks the platform, the states' store, this machine and the pipeline's files. Nothing changes:
    two probes that are written into the store are taken away again. The exit code is 19 when
    there is an error.
    """
    from purveyor.backends import open_backend
    from purveyor.channels.model import find_slugs
    from purveyor.cli.catalog_context import load_chosen_catalog
    from purveyor.cli.logins import open_redactor
    from purveyor.client import RetryPolicy, open_client
    from purveyor.doctor import machine, platform
    from purveyor.doctor.findings import Diagnosis, Situation, examine
    from purveyor.errors import PurveyorError, RecoveryError

    settings = read_settings()
    catalog = load_chosen_catalog(catalog_path, settings)
    redactor = open_redactor(settings, catalog)
    config, root = catalog.model.backend, catalog.root
    states = cache(partial(open_backend, config, root=root, settings=settings))
    place = nrn or next(iter((settings.text("PURVEYOR_NRN") or "").split()), "")
    client = cache(partial(open_client, settings, redactor, RetryPolicy(total=_PATIENCE)))
    for opens in (client, states):  # once, and not by several checks at the same moment
        with suppress(PurveyorError):
            opens()
    case = Situation(settings, catalog, find_slugs(catalog), place, client, states)
    found = examine(case, (*platform.CHECKS, *machine.CHECKS))
    if _tell([Diagnosis(*map(redactor.redact, each)) for each in found], as_json=as_json):
        sys.exit(RecoveryError.exit_code)


def _tell(found: list[Diagnosis], *, as_json: bool) -> int:
    """Print the findings; return how many are errors."""
    from purveyor.doctor.findings import LEVELS, Diagnosis

    counts = {f"{level}s": sum(each.level == level for each in found) for level in LEVELS}
    if as_json:
        listed = [each._asdict() for each in found]
        click.echo(json_text.write({**counts, "findings": listed}, indent=2))
    else:
        heads = [each.upper() for each in Diagnosis._fields]
        print_rows(heads, found, main=4, nothing="Nothing is wrong.")
        click.echo(", ".join(f"{count} {level}" for level, count in counts.items()), err=True)
    return counts["errors"]

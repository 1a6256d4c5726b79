"""What `purveyor sweep --nrn` needs besides: the platform, the catalog, and who we are."""

from __future__ import annotations

import dataclasses
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from purveyor.cli.spans import read_span

if TYPE_CHECKING:
    from purveyor.cli.state_room import Room
    from purveyor.settings import Settings
    from purveyor.sweep import Search

# A run of the templates takes up to an hour, and may wait for another one of the same service.
_DEFAULT = "2h"
# Below, a CI would hardly have a chance to start the run.
_LEAST = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class SweepOptions:
    """What the command line asked for; `after` in seconds, None for the environment's word."""

    places: tuple[str, ...]
    after: float | None
    every_entity: bool


def open_search(room: Room, options: SweepOptions) -> Search | None:
    """Return the search; None where no place is named, here or in PURVEYOR_NRN.

    Raise UsageError for a PURVEYOR_UNCLAIMED_AFTER that is no span of time.
    """
    from purveyor.ci import detect, read_identity
    from purveyor.redaction import Redactor
    from purveyor.reporter import open_survey
    from purveyor.reporter.survey import SETTLED, UNFINISHED
    from purveyor.run_identity import SWEEP
    from purveyor.sweep import Search

    settings = room.settings
    places = options.places or tuple((settings.text("PURVEYOR_NRN") or "").split())
    if not places:
        return None
    after = _read_after(settings) if options.after is None else options.after
    here = read_identity(detect(settings, stream=sys.stderr, errors=sys.stderr), settings)
    return Search(
        open_survey=partial(open_survey, settings, Redactor(settings.secrets())),
        places=places,
        after=after,
        statuses=(*UNFINISHED, *SETTLED) if options.every_entity else UNFINISHED,
        serves=room.catalog.serves,
        identity=dataclasses.replace(here, ci=SWEEP, run="", attempt=1),
    )


def read_wait(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Read the option's value; None where it is not given."""
    del context, option
    return None if text is None else read_span(text, least=_LEAST)


def _read_after(settings: Settings) -> float:
    try:
        return read_span(settings.text("PURVEYOR_UNCLAIMED_AFTER") or _DEFAULT, least=_LEAST)
    except click.BadParameter as error:
        raise click.UsageError(f"PURVEYOR_UNCLAIMED_AFTER: {error.message}") from None

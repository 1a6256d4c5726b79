"""`purveyor validate`: a whole catalog, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.errors import CatalogError
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from purveyor.validation import Inspection

_MOST_NOTES = 20
_EXAMPLES = examples(
    "purveyor validate",
    "purveyor validate examples/catalog",
    "purveyor validate --json team/purveyor.yaml",
)


@click.command(epilog=_EXAMPLES)
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
def validate(*, path: Path | None, as_json: bool) -> None:
    """Check a whole catalog, offline.

    PATH is the catalog file or its folder; without it: PURVEYOR_CATALOG, then this folder. Every
    fault is listed at once, and the exit code is 11 if there is any.
    """
    from purveyor.validation import inspect_catalog

    chosen = path or Path(read_settings().text("PURVEYOR_CATALOG") or ".")
    try:
        inspection = inspect_catalog(chosen)
    except CatalogError as error:
        if as_json:
            faults = [*error.details] or [error.message]
            click.echo(json_text.write({"valid": False, "faults": faults}, indent=2))
        raise
    if as_json:
        click.echo(_as_json(inspection))
    inspection.refuse(chosen)
    if not as_json:
        click.echo(f"{chosen}: {_describe(inspection)}")
        for note in inspection.notes[:_MOST_NOTES]:
            click.echo(f"note: {note}", err=True)
        if len(inspection.notes) > _MOST_NOTES:
            more = len(inspection.notes) - _MOST_NOTES
            click.echo(f"note: and {more} more; --json lists them all", err=True)


def _as_json(inspection: Inspection) -> str:
    return json_text.write(
        {
            "valid": not inspection.faults,
            "faults": list(inspection.faults),
            "services": inspection.services,
            "links": inspection.links,
            "actions": inspection.actions,
            "modules": inspection.modules,
            "remote_modules": inspection.remote,
            "accounts": inspection.accounts,
            "seconds": round(inspection.seconds, 3),
            "notes": list(inspection.notes),
        },
        indent=2,
    )


def _describe(inspection: Inspection) -> str:
    counts = (
        (inspection.services, "service"),
        (inspection.links, "link"),
        (inspection.actions, "custom action"),
        (inspection.modules, "module"),
        (inspection.accounts, "account"),
    )
    parts = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in counts]
    if inspection.remote:
        parts.append(f"{inspection.remote} remote (pinned, not read)")
    return f"sound: {', '.join(parts)}; {inspection.seconds:.2f} s"

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
    from purveyor.validation import validate_catalog

    chosen = path or Path(read_settings().text("PURVEYOR_CATALOG") or ".")
    try:
        inspection = validate_catalog(chosen)
    except CatalogError as error:
        if as_json:
            faults = [*error.details] or [error.message]
            click.echo(json_text.write({"valid": False, "faults": faults}, indent=2))
        raise
    click.echo(_as_json(inspection) if as_json else f"{chosen}: {_describe(inspection)}")
    if not as_json:
        for note in inspection.notes:
            click.echo(f"note: {note}", err=True)


def _as_json(inspection: Inspection) -> str:
    return json_text.write(
        {
            "valid": True,
            "faults": [],
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

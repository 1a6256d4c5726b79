"""`purveyor state bootstrap`: makes the place where states live, or tells what it would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import load_chosen_catalog
from purveyor.cli.format import print_rows
from purveyor.cli.options import with_catalog, with_json
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.bootstrap import Measure, Rights
    from purveyor.catalog import Catalog

_HEADS = ("WHAT", "NOW", "WANTED", "CHANGE")
_TOLD = ("what", "now", "wanted", "change", "by_hand", "note")


@click.command(epilog=examples("purveyor state bootstrap --dry-run"))
@with_catalog
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
@click.option("--policies", is_flag=True, help="Only print the least rights for each command.")
@click.option("--grant-to", metavar="ROLE", help="The database role that runs use (PostgreSQL).")
@with_json
def bootstrap(
    *,
    catalog_path: str | None,
    dry_run: bool,
    policies: bool,
    grant_to: str | None,
    as_json: bool,
) -> None:
    """Make the place where states live, and make it safe; the journal's too, where it has one.

    A bucket is versioned, encrypted, closed to the public and to plain connections; a table has
    backups and cannot be deleted. It can be run again at any time: it never weakens what is there.
    """
    from purveyor.bootstrap import describe_all_rights, open_stores, set_up

    settings = read_settings()
    settings.check()
    catalog = load_chosen_catalog(catalog_path, settings)
    states, journal = catalog.model.backend, catalog.model.journal
    if policies:
        roles = _first_roles(catalog)
        rights = describe_all_rights(states, journal, roles=roles, grant_to=grant_to)
        _print_rights(rights, as_json=as_json)
        return
    store = open_stores(states, journal, root=catalog.root, settings=settings, grant_to=grant_to)
    measures = set_up(store, dry_run=dry_run)
    _print_measures(measures, kind=states.type, dry_run=dry_run, as_json=as_json)


def _print_measures(
    measures: Sequence[Measure], *, kind: str, dry_run: bool, as_json: bool
) -> None:
    changes = sum(bool(each.change) for each in measures)
    if as_json:
        listed = [{name: getattr(each, name) for name in _TOLD} for each in measures]
        told = {"backend": kind, "dry_run": dry_run, "changes": changes, "measures": listed}
        click.echo(json_text.write(told, indent=2))
        return
    rows = ((each.what, each.now, each.wanted, each.change or "-") for each in measures)
    print_rows(_HEADS, rows, main=1, nothing="")
    for each in measures:
        if each.note:
            click.echo(f"note: {each.what}: {each.note}", err=True)
        if each.by_hand:
            click.echo(f"by hand: {each.what}: {each.by_hand}", err=True)
    verb = "would be made" if dry_run else "made"
    click.echo(f"{changes} changes {verb}", err=True)


def _print_rights(rights: Sequence[Rights], *, as_json: bool) -> None:
    if as_json:
        listed = [
            {"command": each.command, "policy": each.policy, "lines": list(each.lines)}
            for each in rights
        ]
        click.echo(json_text.write(listed, indent=2))
        return
    for each in rights:
        click.echo(f"# purveyor {each.command}")
        if each.policy is not None:
            click.echo(json_text.write(each.policy, indent=2))
        for line in each.lines:
            click.echo(line)


def _first_roles(catalog: Catalog) -> list[str]:
    """Return the roles that the run's own credentials take on."""
    return [
        [*each.through, each.role_arn][0]
        for each in catalog.model.accounts
        if each.role_arn is not None and each.keys is None and each.web_identity is None
    ]

"""`purveyor spec`: specifications of the platform, made from modules and compared with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.options import with_catalog, with_json
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from purveyor.specs.documents import SpecificationFile


@click.group(
    epilog=examples(
        "purveyor spec generate mysql-database",
        "purveyor spec check mysql-database",
    )
)
def spec() -> None:
    """Make the platform's specifications from modules, and compare the two."""


@spec.command(
    epilog=examples(
        "purveyor spec generate mysql-database",
        "purveyor spec generate mysql-database --diff",
        "purveyor spec generate mysql-database --into services/mysql/specs",
    )
)
@click.argument("slug")
@with_catalog
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files go; without it: specs/SLUG beside the catalog.",
)
@click.option("--diff", is_flag=True, help="Show what would change, and write nothing.")
@with_json
def generate(
    *, slug: str, catalog_path: str | None, into: Path | None, diff: bool, as_json: bool
) -> None:
    """Write a service's specifications from its modules.

    SLUG is the service specification's. Variables become attributes that a developer sets, with
    types, defaults and rules; outputs become attributes that are shown. Links and custom actions
    get a file each. What is hand-written in the files stays, and a second run changes nothing.
    """
    from purveyor.cli.catalog_context import load_chosen_catalog
    from purveyor.specs.documents import generate as generate_files

    catalog = load_chosen_catalog(catalog_path, read_settings())
    files = generate_files(catalog, slug, into or catalog.root / "specs" / slug)
    for each in files:
        if each.changed and not diff:
            each.path.parent.mkdir(parents=True, exist_ok=True)
            each.path.write_text(each.after, encoding="utf-8")
    if as_json:
        click.echo(json_text.write({"files": [_show(each) for each in files]}, indent=2))
        return
    for each in files:
        if diff:
            click.echo("".join(_compare(each)), nl=False)
        else:
            state = "is new" if each.before is None else "has changed"
            click.echo(f"{_short(each.path)}: {state if each.changed else 'is up to date'}")
    for note in dict.fromkeys(note for each in files for note in each.notes):
        click.echo(f"note: {note}", err=True)


@spec.command(
    epilog=examples(
        "purveyor spec check mysql-database",
        "purveyor spec check mysql-database --from services/mysql/specs --json",
    )
)
@click.argument("slug")
@with_catalog
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the files are; without it: specs/SLUG beside the catalog.",
)
@with_json
def check(*, slug: str, catalog_path: str | None, folder: Path | None, as_json: bool) -> None:
    """Compare a service's specifications with its modules.

    Each finding has a rule, a file and a line. The exit code is 11 if one is an error.
    """
    from purveyor.cli.catalog_context import load_chosen_catalog
    from purveyor.errors import CatalogError
    from purveyor.specs.checking import check_specification

    catalog = load_chosen_catalog(catalog_path, read_settings())
    found = check_specification(catalog, slug, folder or catalog.root / "specs" / slug)
    if as_json:
        rows: list[json_text.JsonValue] = [
            {
                "rule": each.rule,
                "level": each.level,
                "path": str(each.path),
                "line": each.line,
                "text": each.text,
            }
            for each in found
        ]
        click.echo(json_text.write({"findings": rows}, indent=2))
    else:
        for each in found:
            place = f"{_short(each.path)}:{each.line}" if each.line else _short(each.path)
            click.echo(f"{place}: {each.level}: {each.text} [{each.rule}]")
    errors = sum(each.level == "error" for each in found)
    if errors:
        count = "1 error" if errors == 1 else f"{errors} errors"
        raise CatalogError(
            f"The specification of {slug} does not fit its modules: {count}.",
            hint="Correct the places listed; `purveyor spec generate` brings types, rules and"
            " what is required up to date.",
        )
    if not found and not as_json:
        click.echo(f"{slug}: the specification fits its modules")


def _show(file: SpecificationFile) -> dict[str, json_text.JsonValue]:
    notes: list[json_text.JsonValue] = list(file.notes)
    return {
        "path": str(file.path),
        "new": file.before is None,
        "changed": file.changed,
        "notes": notes,
    }


def _compare(file: SpecificationFile) -> list[str]:
    from difflib import unified_diff

    name = _short(file.path)
    before, after = (
        [f"{line}\n" for line in text.rstrip("\n").split("\n")] if text else []
        for text in (file.before or "", file.after)
    )
    return list(unified_diff(before, after, "/dev/null" if file.before is None else name, name))


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

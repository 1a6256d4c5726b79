"""`purveyor spec`: specifications of the platform, made from modules and compared with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.options import choose_nrn, confirm, with_catalog, with_json, with_nrn, with_yes
from purveyor.cli.platform.channel import TYPES, with_all, with_new, write_new
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.specs.checking import Mismatch
    from purveyor.specs.documents import SpecificationFile
    from purveyor.specs.layout import SpecificationDocument
    from purveyor.specs.pushing import SpecificationChange


@click.group(
    epilog=examples(
        "purveyor spec generate mysql-database",
        "purveyor spec check mysql-database",
        "purveyor spec push mysql-database --nrn organization=1:account=2",
    )
)
def spec() -> None:
    """Make the platform's specifications from modules, compare the two, and bring them there."""


_whose = (
    click.argument("slug"),
    with_catalog,
    click.option(
        *("--from", "folder"),
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Where the files are; without it: specs/SLUG beside the catalog.",
    ),
    with_nrn,
)


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
        "purveyor spec check mysql-database --live --nrn organization=1:account=2",
    )
)
@with_all(*_whose)
@click.option("--live", is_flag=True, help="Compare what the platform has, not files.")
@with_json
def check(*, slug: str, live: bool, as_json: bool, **given: Any) -> None:
    """Compare a service's specifications with its modules.

    Each finding has a rule, and a file and a line. The exit code is 11 if one is an error.
    """
    from purveyor.cli.catalog_context import load_chosen_catalog
    from purveyor.cli.logins import open_platform
    from purveyor.errors import CatalogError
    from purveyor.specs.checking import check_documents
    from purveyor.specs.layout import read_files, read_platform

    catalog = load_chosen_catalog(given["catalog_path"], read_settings())
    if live:
        service = read_platform(open_platform(), choose_nrn(given["nrn"]), slug)
    else:
        service = read_files(given["folder"] or catalog.root / "specs" / slug)
    if service is None:
        hint = "Bring it there with `purveyor spec push`, or say another --nrn."
        raise CatalogError(f"The platform has no specification {slug} in this place.", hint=hint)
    found = check_documents(catalog, slug, service)
    _print_findings(found, live=live, as_json=as_json)
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


@spec.command(
    epilog=examples("purveyor spec push mysql-database --nrn organization=1:account=2 --yes")
)
@with_all(*_whose)
@click.option("--visible-to", metavar="NRN", multiple=True, help="A further place that may use it.")
@click.option("--prune", is_flag=True, help="Delete links and custom actions that have no file.")
@with_yes
@with_json
def push(*, slug: str, nrn: str | None, as_json: bool, **given: Any) -> None:
    """Bring a service's specifications, with links and custom actions, to the platform.

    What is missing there is made; what differs is shown, then changed. A second push changes
    nothing. What a package pins is changed with --yes only.
    """
    from purveyor.cli.format import print_rows
    from purveyor.cli.logins import open_platform
    from purveyor.specs.layout import read_platform
    from purveyor.specs.pushing import Push

    wanted = _read_whole(slug, given["catalog_path"], given["folder"])
    pushing = Push(open_platform(), choose_nrn(nrn), given["visible_to"], given["prune"])
    changes = list(pushing.plan(wanted, read_platform(pushing.client, pushing.nrn, slug)))
    touched = [each for each in changes if each.done in {"changed", "deleted"}]
    rows = [(each.slug, *row) for each in touched for row in each.rows]
    if rows and not as_json:
        print_rows(("SPECIFICATION", "WHAT", "NOW", "WANTED"), rows, main=2, nothing="")
    if touched:
        _ask(touched, [*pushing.find_pins(touched)], yes=given["yes"])
    for each in changes:
        pushing.carry_out(each)
        if not as_json:
            advice = " (it has no file; --prune deletes it)" if each.done == "left" else ""
            click.echo(f"{each.done}: {each.kind} {each.slug} ({each.current['id']}){advice}")
    if as_json:
        click.echo(json_text.write({"specifications": [*map(_show_change, changes)]}, indent=2))


def _ask(touched: Sequence[SpecificationChange], pins: Sequence[str], *, yes: bool) -> None:
    from purveyor.errors import GuardError

    if pins and not yes:
        hint = "Say --yes to change it all the same, and publish the package anew."
        raise GuardError("A package pins what would change.", details=pins, hint=hint)
    for pin in pins:
        click.echo(f"note: {pin}", err=True)
    told = ", ".join(f"{each.kind} {each.slug} is {each.done}" for each in touched)
    confirm(f"{told}. Go on?", yes=yes)


@spec.command(
    epilog=examples(
        "purveyor spec export terraform mysql-database --nrn organization=1:account=2",
        "purveyor spec export terraform mysql-database --channel gitlab 4711"
        " --package https://gitlab.com/acme/catalog.git",
    )
)
@click.argument("form", type=click.Choice(["terraform"]))
@with_all(*_whose, *with_new)
@click.option(
    *("--channel", "target"),
    type=(click.Choice(TYPES), str),
    metavar="TYPE TARGET",
    help="With the catalog's channel, as `channel export` writes it.",
)
@click.option("--package", metavar="URL", help="With a package that pins a commit of this catalog.")
def export(*, slug: str, **given: Any) -> None:
    """Print a service's specifications as Terraform for the platform's own provider.

    With them comes an API key for the pipeline, with the one role that it needs.
    """
    from purveyor.specs.terraform import find_renamed, write_terraform

    service = _read_whole(slug, given["catalog_path"], given["folder"])
    target = given["target"]
    channel = target and write_new({**given, "kind": target[0], "target": target[1]})
    for each, made in find_renamed(service):
        told = f"note: by its name, the platform will call {each} {made}: change one of the two"
        click.echo(told, err=True)
    nrn = choose_nrn(given["nrn"])
    click.echo(write_terraform(service, nrn, channel, given["package"]), nl=False)


def _read_whole(slug: str, catalog_path: str | None, folder: Path | None) -> SpecificationDocument:
    from purveyor.cli.catalog_context import load_chosen_catalog
    from purveyor.errors import CatalogError
    from purveyor.specs.layout import read_files

    if folder is None:
        folder = load_chosen_catalog(catalog_path, read_settings()).root / "specs" / slug
    found = read_files(folder, whole=True)
    if found.slug != slug:
        hint = "Say that slug, or correct it in the file."
        raise CatalogError(f"{found.path} is of {found.slug}, not of {slug}.", hint=hint)
    return found


def _show(file: SpecificationFile) -> dict[str, object]:
    told = {"path": str(file.path), "new": file.before is None, "changed": file.changed}
    return {**told, "notes": file.notes}


def _print_findings(found: Sequence[Mismatch], *, live: bool, as_json: bool) -> None:
    where = "specification" if live else "path"
    for each in () if as_json else found:
        line = f":{each.line}" if each.line else ""
        click.echo(f"{_short(Path(each.place))}{line}: {each.level}: {each.text} [{each.rule}]")
    if as_json:
        rows = [
            {"rule": e.rule, "level": e.level, where: e.place, "line": e.line, "text": e.text}
            for e in found
        ]
        click.echo(json_text.write({"findings": rows}, indent=2))


def _show_change(change: SpecificationChange) -> dict[str, object]:
    rows = [dict(zip(("what", "now", "wanted"), each, strict=True)) for each in change.rows]
    told = {"done": change.done, "kind": change.kind, "slug": change.slug}
    return {**told, "id": change.current["id"], "changes": rows}


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

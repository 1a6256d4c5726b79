"""`purveyor init`: the first files of a catalog, its pipeline's among them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from purveyor import json_text
from purveyor.catalog.loading import load_catalog
from purveyor.cli import examples
from purveyor.cli.options import with_json
from purveyor.errors import CatalogError
from purveyor.scaffold.files import CIS, STORES, look_around, write_files
from purveyor.scaffold.vendor_layout import read_services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.json_text import JsonObject
    from purveyor.scaffold.files import Found

_JOURNALS = ("s3", "azure", "gcs", "postgres", "local", "none")
_WORDS = {  # of a store: as a `backend` block calls it, and what it means
    "bucket": ("bucket", "The bucket, for s3 and gcs."),
    "region": ("region", "The bucket's region, for s3."),
    "account": ("storage_account_name", "The storage account, for azure."),
    "container": ("container_name", "Its container."),
    "project": ("", "The project's id or path, for gitlab."),
    "address": ("", "For consul; for http a state's, with {name} in it."),
}


@click.command(
    epilog=examples(
        "purveyor init",
        "purveyor init --ci github --store s3 --bucket acme-states --region us-east-1",
        "purveyor init --into catalog --ci receiver --store local --dry-run",
        "purveyor init --from vendor/services-s-3 --ci gitlab --store gitlab --project 4711",
    )
)
@click.option("--into", type=click.Path(path_type=Path), default=".", help="Another folder.")
@click.option("--from", "layout", type=click.Path(path_type=Path), help="Ready-made services.")
@click.option("--ci", type=click.Choice([*CIS]), help="What carries actions out.")
@click.option("--store", type=click.Choice([*STORES]), help="Where states lie.")
@click.option("--journal", type=click.Choice(_JOURNALS), help="Where a store keeps no journal.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@with_json
def init(*, into: Path, layout: Path | None, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Begin a catalog: its file, an example module, a pipeline and a first CONTEXT.

    Modules that are there, below modules/ or in folders beside it, become services where they
    are, and a backend block in them becomes the catalog's. What is not said is asked. Nothing is
    overwritten, and nothing is left that `purveyor validate` finds at fault.

    With --from, ready-made services in the vendor's layout become entries, their modules where
    and as they are. What is left to a person is a TODO there, and a note.
    """
    found = read_services(layout.resolve(), into.resolve()) if layout else look_around(into)
    ci, places = _choose(into, found, given)
    files = write_files(into, found, ci, places)
    new = {path: text for path, text in files.items() if not path.exists()}
    if not dry_run:
        _write(new, None if layout else into)
    word = "would be written" if dry_run else "written"
    done = {str(path): word if path in new else "is there, and stays" for path in files}
    commands = [
        "purveyor validate",
        "purveyor run --no-report --context create.json",
        f"purveyor channel create {CIS[ci][1]} --nrn NRN",
    ]
    if as_json:
        click.echo(
            json_text.write({"files": done, "notes": found.notes, "next": commands}, indent=2)
        )
        return
    if layout and into / "purveyor.yaml" not in new:
        click.echo(files[into / "purveyor.yaml"])
    click.echo("".join(f"{path}: {each}\n" for path, each in done.items()), nl=False)
    place = [] if into == Path() else [f"cd {into}"]
    click.echo("\n  ".join(["Next:" if new else "Nothing has changed. Next:", *place, *commands]))
    click.echo("".join(f"note: {note}\n" for note in found.notes), nl=False, err=True)


init.params += [click.Option([f"--{name}"], help=text) for name, (_, text) in _WORDS.items()]


def _choose(into: Path, found: Found, given: dict[str, Any]) -> tuple[str, JsonObject]:
    """Return the CI, and where states and the journal lie: as said, as found, as answered."""
    blocks = [] if given["store"] else [each.backend for each in found.modules if each.backend]
    block = blocks[0] if blocks else {}
    # A module's own folder is no place for the states of all.
    types: dict[Any, str] = {each.split()[0]: n for n, each in STORES.items() if n != "local"}
    there = [each for each, (path, _) in CIS.items() if (into / path).exists()]
    known = {name: block.get(theirs) for name, (theirs, _) in _WORDS.items()}
    known |= {"store": types.get(block.get("type")), "ci": there[0] if len(there) == 1 else None}

    def ask(name: str, among: Iterable[str] = ()) -> Any:
        value = given[name] or known.get(name)
        if value is None and not sys.stdin.isatty():
            raise click.UsageError(f"Say --{name}{' ' if among else ''}{'|'.join(among)}.")
        kind = click.Choice([*among]) if among else str
        return value or click.prompt(name, type=kind, err=True)

    def describe(store: str) -> JsonObject:
        kind, *words = STORES[store].split()
        return {"type": kind, **{each: ask(each) for each in words if each.islower()}}

    ci, places = ask("ci", CIS), dict[str, Any]()
    if not (into / "purveyor.yaml").exists():
        store = ask("store", STORES)
        places["backend"] = describe(store)
        if store == "gitlab" != ci:
            places["backend"]["token_from"] = "GITLAB_TOKEN"  # noqa: S105 - a variable's name
        journal = ask("journal", _JOURNALS) if store in {"gitlab", "http", "consul"} else "none"
        places |= {"journal": describe(journal)} if journal != "none" else {}
    else:
        model = load_catalog(into).model
        places = {each.type: {"type": each.type} for each in (model.backend, model.journal) if each}
    return ci, places


def _write(files: dict[Path, str], checked: Path | None) -> None:
    from purveyor.validation import validate_catalog

    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        if checked:
            validate_catalog(checked)
    except OSError as error:
        raise CatalogError(
            f"{error.filename} cannot be written: {error.strerror}.",
            hint="Name a folder that can be written to with --into.",
        ) from None
    except CatalogError as error:
        for path in files:
            path.unlink()
        error.hint = "Nothing was written: correct what is listed, then say it again."
        raise

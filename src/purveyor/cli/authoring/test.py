"""`purveyor test`: a catalog's cases, played on the emulated platform."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.catalog_context import load_chosen_catalog
from purveyor.cli.options import with_catalog, with_json
from purveyor.errors import CatalogError
from purveyor.extras import require
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.catalog import Catalog
    from purveyor.cli.authoring.cases import Life
    from purveyor_emulator.specifications import Specifications


@click.command(epilog=examples("purveyor test", "purveyor test mysql-database --junit cases.xml"))
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@with_catalog
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write JUnit XML, too.")
@click.option("--keep", is_flag=True, help="Leave the folder with the states.")
@with_json
def test(
    slugs: tuple[str, ...],
    catalog_path: str | None,
    junit: str | None,
    *,
    keep: bool,
    as_json: bool,
) -> None:
    """Play a catalog's cases on the emulated platform.

    They are modules/SLUG/cases/*.yaml, and cases/*.yaml beside the catalog. States lie in a folder
    of their own: the catalog's backend and journal are left alone. What modules build is real, and
    is deleted at the end of each case. The exit code is 11 if one fails.
    """
    require("emulator")
    lives = []
    for life in _play(load_chosen_catalog(catalog_path, read_settings()), slugs, keep=keep):
        lives.append(life)
        lines = [f"{'✗' if life.faults else '✓'} {life.name}  {life.seconds:.1f} s", *life.faults]
        click.echo("\n    ".join([*lines, *(f"| {each}" for each in life.lines)]), err=as_json)
    keys = ("name", "seconds", "faults", "lines")
    rows = [{key: getattr(each, key) for key in keys} for each in lives]
    if as_json:
        click.echo(json_text.write({"cases": rows}, indent=2))
    failed = sum(bool(each.faults) for each in lives)
    if junit:
        suite = ET.Element(
            "testsuite", name="purveyor", tests=f"{len(lives)}", failures=f"{failed}"
        )
        for life in lives:
            own = {"classname": life.case.service, "name": life.name, "time": f"{life.seconds:.3f}"}
            case = ET.SubElement(suite, "testcase", own)
            if life.faults:
                failure = ET.SubElement(case, "failure", message=life.faults[0])
                failure.text = "\n".join([*life.faults, *life.lines])
        ET.ElementTree(suite).write(junit, encoding="utf-8", xml_declaration=True)
    if failed:
        hint = "Read what was expected and what came; `--keep` leaves the states to look at."
        raise CatalogError(f"{failed} of {len(lives)} cases failed.", hint=hint)


def _play(catalog: Catalog, slugs: tuple[str, ...], *, keep: bool) -> Iterator[Life]:
    """Play with a copy of the catalog whose states lie beside it."""
    from purveyor.cli.authoring.cases import Life, read_cases
    from purveyor_emulator import Emulator

    cases = read_cases(catalog, slugs)
    folder = Path(tempfile.mkdtemp(prefix="purveyor-test-"))
    copy, states = folder / "catalog", folder / "states"
    left_out = shutil.ignore_patterns(".git", ".terraform", ".purveyor")
    shutil.copytree(catalog.root, copy, symlinks=True, ignore=left_out)
    known = json_text.as_object(catalog.document.value) if catalog.document else {"version": 1}
    own = {**known, "backend": {"type": "local", "path": str(states)}}
    own.pop("journal", None)
    (copy / "purveyor.yaml").write_text(json_text.write(own))  # JSON is YAML, too
    try:
        for name, case in cases.items():
            with Emulator.running(seed={"specifications": []}) as emulator:
                _specify(emulator.platform.store.specifications, catalog, case.service)
                life = Life(case, name, copy, emulator)
                life.play()
            yield life
    finally:
        if keep or next(states.rglob("*.tfstate"), None):
            click.echo(f"The states are in {states}.", err=True)
        else:
            shutil.rmtree(folder)


def _specify(known: Specifications, catalog: Catalog, slug: str) -> None:
    """Let the platform know a service: from specs/SLUG, else as its modules say."""
    from purveyor.specs.documents import generate
    from purveyor_emulator.refusal import RefusedError

    folder, service = catalog.root / "specs" / slug, None
    files = {
        each.path: json_text.as_object(json_text.parse(each.before or each.after))
        for each in generate(catalog, slug, folder)
    }
    try:
        for path, document in files.items():
            if path.parent.name == "actions":
                continue
            named = {"slug": path.name.removesuffix(".json.tpl") if service else slug, **document}
            own = known.add("link" if service else "service", named, service)
            service = service or own
            for each in json_text.as_list(document.get("available_actions")):
                if action := files.get(folder / "actions" / f"{each}.json.tpl"):
                    known.add("action", action, own)
    except RefusedError as error:
        what = f"The platform does not take the specification of {slug}: {error.message}."
        raise CatalogError(what, hint=f"Correct it in {folder}.") from None

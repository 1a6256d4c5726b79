"""`purveyor test`: a catalog's cases, played on the emulated platform."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import click

from purveyor import json_text
from purveyor.catalog import Catalog
from purveyor.cli import examples
from purveyor.cli.authoring.cases import Case, Life, read_cases
from purveyor.cli.catalog_context import load_chosen_catalog
from purveyor.cli.options import with_catalog, with_json
from purveyor.errors import CatalogError
from purveyor.extras import require
from purveyor.settings import read_settings
from purveyor.specs.documents import generate
from purveyor.specs.layout import SpecificationDocument, read_files
from purveyor_emulator import Emulator


@click.command(epilog=examples("purveyor test", "purveyor test mysql-database --junit cases.xml"))
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@with_catalog
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write JUnit XML, too.")
@click.option("--keep", is_flag=True, help="Leave the folder with the states.")
@with_json
def test(
    slugs: list[str], catalog_path: str | None, junit: str | None, *, keep: bool, as_json: bool
) -> None:
    """Play a catalog's cases on the emulated platform.

    They are modules/SLUG/cases/*.yaml, and cases/*.yaml beside the catalog. States lie in a folder
    of their own: the catalog's backend and journal are left alone. What modules build is real, and
    is deleted at the end of each case. The exit code is 11 if one fails.
    """
    require("emulator")
    catalog, lives = load_chosen_catalog(catalog_path, read_settings()), []
    for life in _play(catalog, read_cases(catalog, slugs), keep=keep):
        lives.append(life)
        lines = [f"{'✗' if life.faults else '✓'} {life.name}  {life.seconds:.1f} s", *life.faults]
        lines += [f"| {each}" for each in life.lines]
        click.echo("\n    ".join(lines), err=as_json)
    if as_json:
        keys = ("name", "seconds", "faults", "lines")
        rows = [{key: getattr(each, key) for key in keys} for each in lives]
        click.echo(json_text.write({"cases": rows}, indent=2))
    failed = sum(bool(each.faults) for each in lives)
    if junit:
        Path(junit).parent.mkdir(parents=True, exist_ok=True)
        suite = ET.Element(
            "testsuite", name="purveyor", tests=f"{len(lives)}", failures=f"{failed}"
        )
        for life in lives:
            own = {"classname": life.case.service, "name": life.name, "time": f"{life.seconds}"}
            case = ET.SubElement(suite, "testcase", own)
            if life.faults:
                failure = ET.SubElement(case, "failure", message=life.faults[0])
                failure.text = "\n".join([*life.faults, *life.lines])
        ET.ElementTree(suite).write(junit, encoding="utf-8", xml_declaration=True)
    if failed:
        hint = "Read what was expected and what came; `--keep` leaves the states to look at."
        raise CatalogError(f"{failed} of {len(lives)} cases failed.", hint=hint)


def _play(catalog: Catalog, cases: dict[str, Case], *, keep: bool) -> Iterator[Life]:
    """Play with a copy of the catalog whose states lie beside it."""
    folder = Path(tempfile.mkdtemp(prefix="purveyor-test-"))
    copy, states = folder / "catalog", folder / "states"
    try:
        left_out = shutil.ignore_patterns(".git", ".terraform", ".purveyor")
        shutil.copytree(catalog.root, copy, symlinks=True, ignore=left_out)
        known = json_text.as_object(catalog.document.value) if catalog.document else {"version": 1}
        own = {**known, "backend": {"type": "local", "path": str(states)}}
        own.pop("journal", None)
        (copy / "purveyor.yaml").write_text(json_text.write(own))  # JSON is YAML, too
        for name, case in cases.items():
            with Emulator.running(seed={"specifications": []}) as emulator:
                specification = _read_specification(catalog, case.service, copy)
                life = Life(case, name, copy, specification, emulator)
                life.play()
            yield life
    finally:
        if keep or next(states.rglob("*.tfstate"), None):
            click.echo(f"The states are in {states}.", err=True)
        else:
            shutil.rmtree(folder)


def _read_specification(catalog: Catalog, slug: str, copy: Path) -> SpecificationDocument:
    """Read it from specs/SLUG; where nobody has written it, as the modules say."""
    folder = copy / "specs" / slug
    if not (folder / "service-spec.json.tpl").is_file():
        for each in generate(catalog, slug, folder):
            each.path.parent.mkdir(parents=True, exist_ok=True)
            each.path.write_text(each.before or each.after)
    return read_files(folder)

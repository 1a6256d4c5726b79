"""Each service of the examples goes from its modules to the platform, and fits on the way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from spec_fixtures import Author

from purveyor.catalog.loading import load_catalog
from purveyor.channels.model import find_slugs
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parents[2] / "examples"
SERVICES = [
    (str(file.parent.relative_to(EXAMPLES)), slug)
    for file in sorted(EXAMPLES.rglob("purveyor.yaml"))
    if file.parent.relative_to(EXAMPLES)
    != Path("end-to-end/on-aws")  # its modules are the parent's
    for slug in find_slugs(load_catalog(file))
]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.running(seed={"specifications": []}) as emulator:
        yield emulator


@pytest.mark.parametrize(("example", "slug"), SERVICES, ids=[" ".join(each) for each in SERVICES])
def test_a_service_of_the_examples_is_brought_to_the_platform(
    example: str, slug: str, tmp_path: Path, emulator: Emulator, clean_environment: dict[str, str]
) -> None:
    folder = shutil.copytree(EXAMPLES / example, tmp_path / "catalog")
    author = Author(folder, emulator, clean_environment)
    fits = f"{slug}: the specification fits its modules\n"
    nrn = ("--nrn", emulator.nrn)
    assert author.run("generate", slug).code == 0
    assert author.run("check", slug).out == fits
    pushed = author.run("push", slug, *nrn)
    assert all(line.startswith("created: ") for line in pushed.out.splitlines()), pushed
    again = author.run("push", slug, *nrn)
    assert all(line.startswith("unchanged: ") for line in again.out.splitlines()), again
    assert len(again.out.splitlines()) == len(pushed.out.splitlines()) > 0
    assert author.run("check", slug, "--live", *nrn).out == fits

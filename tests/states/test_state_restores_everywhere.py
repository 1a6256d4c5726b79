"""Going back to an earlier version in every kind of store, or being told why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from state_store_fixtures import Bench, Store, Stores

from purveyor import json_text, process
from purveyor.states.content import read_content

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.slow]
KEEPING = ("local", "s3", "gcs", "gitlab", "minio")
# Azurite knows no versions: a storage account with versioning off looks the same.
FORGETTING = {
    "pg": "A table keeps each state's last version only",
    "http": "The http protocol has no word for earlier versions",
    "azurerm": "Blob versioning of the storage account acmestates is off",
    "consul": "Consul keeps each key's last value only",
}


@pytest.fixture
def bench(engine: EngineBinary, tmp_path: Path) -> Bench:
    """A real engine."""
    return Bench(engine, tmp_path)


def restore(bench: Bench, place: Store, version: str, *more: str) -> process.Completed:
    """Run the real command."""
    words = ("restore", place.path(), "--version", version, "--yes")
    return bench.state(place, *words, "--catalog", str(place.catalog), *more)


def digests(store: Store) -> dict[str, str]:
    """Return what each version holds, by its id, newest first."""
    key = store.key()
    ids = [each.id for each in store.backend.versions(key)]
    return {
        each: read_content(store.backend.read_version(key, each), where=each).digest for each in ids
    }


@pytest.mark.parametrize("store", KEEPING)
def test_an_earlier_version_comes_back_as_a_new_serial(
    store: str, stores: Stores, bench: Bench
) -> None:
    place = stores.open(store)
    first = bench.apply(place)
    second = bench.apply(place, "-var=size=2")
    version = next(each for each, digest in digests(place).items() if digest == first.digest)
    done = restore(bench, place, version, "--json", "--engine", bench.engine.name)
    assert done.code == 0, done.stderr
    told = json_text.parse(done.stdout)
    assert isinstance(told, dict)
    there = bench.read(place)
    assert (there.digest, there.document.lineage) == (first.digest, first.document.lineage)
    assert there.document.serial > second.document.serial
    assert there.document.serial == told["serial"]
    assert bench.plan(place) == 0
    assert place.backend.access(place.key()).holder() is None
    # What was there is a version now, so that going back can be gone back from.
    assert second.digest in digests(place).values()


@pytest.mark.one_engine
@pytest.mark.parametrize("store", FORGETTING)
def test_a_place_that_keeps_no_versions_says_why_it_cannot(
    store: str, stores: Stores, bench: Bench
) -> None:
    place = stores.open(store)
    was = bench.apply(place)
    done = restore(bench, place, "earlier")
    assert done.code == 19
    assert "its place keeps none" in done.stderr
    assert FORGETTING[store] in done.stderr
    assert bench.read(place).text == was.text

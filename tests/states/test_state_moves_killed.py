"""A migration killed anywhere is finished by the next one: nothing is lost, nothing is doubled."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dying_mover import NEVER
from state_store_fixtures import BY_ID, OWNER, Bench, Store, Stores

from purveyor.state_key import read_moved_marker

if TYPE_CHECKING:
    from purveyor import process
    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]
PAIRS = [
    ("local", "s3"),
    ("s3", "pg"),
    ("pg", "azurerm"),
    ("azurerm", "minio"),
    ("gcs", "http"),
    ("http", "local"),
    ("gitlab", "gcs"),
]
NOTES = [
    "before the note copying",
    "after the note copying",
    "before the note moved",
    "after the note moved",
]
WRITES = [
    f"{when} write {number}{part}"
    for number in (1, 2)
    for when, part in (
        ("before", ""),
        ("in", ", after 0 ms"),
        ("in", ", after 30 ms"),
        ("in", ", after 60 ms"),
        ("in", ", in the lock"),
        ("after", ""),
    )
]
# Asking these for a lock's holder takes the lock for a moment, or the lock is gone too soon.
UNSEEN = BY_ID | {"local"}
# What `make test-long` leaves to `make test-exhaustive`.
FURTHER_PAIRS = {("azurerm", "minio"), ("http", "local"), ("gitlab", "gcs")}


def mark_further(pair: tuple[str, str], point: str) -> list[pytest.MarkDecorator]:
    """Mark what is like another case but for the place or for a few milliseconds."""
    further = pair in FURTHER_PAIRS or point.endswith(("30 ms", "60 ms"))
    return [pytest.mark.exhaustive] if further else []


CASES = [
    pytest.param(
        source,
        destination,
        point,
        id=f"{source}-{destination}-{point}",
        marks=mark_further((source, destination), point),
    )
    for source, destination in PAIRS
    for point in [*(NOTES if source not in BY_ID else []), *WRITES]
    if not (point.endswith("in the lock") and destination in UNSEEN)
]
PATIENCE = 60.0


@pytest.fixture
def bench(engine: EngineBinary, tmp_path: Path) -> Bench:
    """A real engine."""
    return Bench(engine, tmp_path)


def migrate(bench: Bench, old: Store, new: Store) -> process.Completed:
    """Run the real command once; a place that cannot list is told what to move."""
    mapping = old.catalog / "mapping"
    mapping.write_text(f"{old.path()} services/{OWNER.id}/{OWNER.slug}\n")
    words = ["migrate", "--from", str(old.catalog), "--to"]
    return bench.state(old, *words, str(new.catalog), "--mapping", str(mapping), "--yes")


def free(bench: Bench, new: Store, told: str) -> None:
    """Free the lock that the dead engine left, by the id that the refusal names."""
    words = ["unlock", new.path(), "--catalog", str(new.catalog)]
    holder = new.backend.access(new.key()).holder()
    if holder is not None:
        assert holder.id in told
        done = bench.state(
            new, *words, "--lock-id", holder.id, "--force", "--reason", "killed by a test"
        )
        assert done.code == 0, done.stderr


@pytest.mark.parametrize(("source", "destination", "point"), CASES)
def test_a_killed_move_is_finished_by_the_next_one(
    source: str, destination: str, point: str, stores: Stores, bench: Bench
) -> None:
    old, new = stores.open(source), stores.open(destination)
    was = bench.apply(old)
    program = str(Path(__file__).with_name("dying_mover.py"))
    died = bench.run(old, program, str(old.catalog), str(new.catalog), old.path(), point)
    # An engine may be faster than its murderer: then all that is left to see is a whole move.
    fast = {NEVER} if point.startswith("in ") else set()
    assert died.code in {-signal.SIGKILL} | fast, died.stderr
    assert bench.read(old).text == was.text
    check_ends_moved(bench, old, new)
    there = bench.read(new)
    assert (there.digest, there.document.lineage) == (was.digest, was.document.lineage)
    assert there.document.serial >= was.document.serial
    assert bench.read(old).text == was.text
    assert bench.plan(new) == 0
    if new.name not in BY_ID:
        assert [each.path for each in new.backend.list()] == [new.path()]
    again = migrate(bench, old, new)
    assert (again.code, again.stdout.count("already there")) == (0, 1), again.stderr


def check_ends_moved(bench: Bench, old: Store, new: Store) -> None:
    """Do as the messages say until the state has moved."""
    end = time.monotonic() + PATIENCE
    while (done := migrate(bench, old, new)).code != 0:
        assert re.search(r"is locked by", done.stderr), done.stderr
        assert time.monotonic() < end
        free(bench, new, done.stderr)
    assert "in order" in done.stderr
    mark = read_moved_marker(old.backend, old.key())
    assert (mark is None) == (old.name in BY_ID)
    assert mark is None or mark.stage == "moved"
    assert new.backend.access(new.key()).holder() is None

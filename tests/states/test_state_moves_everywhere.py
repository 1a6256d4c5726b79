"""A state moves from any kind of store to any other: whole, once, and known to be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from state_store_fixtures import BY_ID, OWNER, STORES, Bench, Store, Stores, ring

from purveyor.engines.terraform.state_writer import StateWriter
from purveyor.redaction import Redactor
from purveyor.state_key import read_moved_marker
from purveyor.states.moving import Move, Moved, Mover, NamedBackend, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary
    from purveyor.states.content import Content

pytestmark = [pytest.mark.engine]


@pytest.fixture
def bench(engine: EngineBinary, tmp_path: Path) -> Bench:
    """A real engine."""
    return Bench(engine, tmp_path)


def move(old: Store, new: Store, engine: EngineBinary) -> Moved:
    return Mover(
        NamedBackend(old.backend, str(old.catalog)),
        NamedBackend(new.backend, str(new.catalog)),
        StateWriter(engine, environment=new.environment, redactor=Redactor()),
        clock=lambda: "2026-11-20T12:00:00Z",
    ).move(Move(OWNER, old.key()))


def check_arrived(old: Store, new: Store, was: Content, bench: Bench) -> None:
    """Look at the new place with the engine, and at what is beside the old state."""
    there = bench.read_settled(new)
    assert there.digest == was.digest
    assert there.document.lineage == was.document.lineage
    assert there.document.serial >= was.document.serial
    password = there.document.outputs["password"]
    assert (password.value, password.sensitive) == ("hunter2-hunter2", True)
    for store in (old, new):
        assert store.key().exists
        assert store.key().path == store.path()
        assert store.backend.access(store.key()).holder() is None
    mark = read_moved_marker(old.backend, old.key())
    assert (mark is None) == (old.name in BY_ID)
    if mark is not None:
        assert (mark.stage, mark.to) == ("moved", f"{new.catalog}/{new.path()}")


def check_move(source: str, destination: str, stores: Stores, bench: Bench) -> None:
    old, new = stores.open(source), stores.open(destination)
    was, stored = bench.apply(old), old.backend.text(old.key())
    moved = move(old, new, bench.engine)
    assert (moved.verdict, moved.new) == (Verdict.MOVED, new.path()), moved
    check_arrived(old, new, was, bench)
    assert move(old, new, bench.engine).verdict is Verdict.ALREADY
    assert old.backend.text(old.key()) == stored


@pytest.mark.one_engine
@pytest.mark.parametrize(("source", "destination"), ring())
def test_each_kind_of_store_gives_and_takes_a_state(
    source: str, destination: str, stores: Stores, bench: Bench
) -> None:
    check_move(source, destination, stores, bench)


@pytest.mark.slow
@pytest.mark.one_engine
@pytest.mark.parametrize(("there", "back"), [("local", "s3"), ("azurerm", "gcs"), ("pg", "minio")])
def test_a_state_that_moved_away_can_come_home(
    there: str, back: str, stores: Stores, bench: Bench
) -> None:
    home, away = stores.open(there), stores.open(back)
    bench.apply(home)
    assert move(home, away, bench.engine).verdict is Verdict.MOVED
    was = bench.apply(away, "-var=size=2")
    assert move(away, home, bench.engine).verdict is Verdict.MOVED
    assert bench.read(home).digest == was.digest
    assert bench.plan(home, "-var=size=2") == 0
    assert read_moved_marker(home.backend, home.key()) is None
    assert read_moved_marker(away.backend, away.key()) is not None
    # The first move is not taken for done: what lies here is newer than what it left behind.
    assert move(home, away, bench.engine).verdict is Verdict.MOVED


@pytest.mark.slow
@pytest.mark.one_engine
@pytest.mark.parametrize("kind", STORES)
def test_the_command_tells_two_places_of_one_kind_apart(
    kind: str, stores: Stores, bench: Bench
) -> None:
    old, new = stores.open(kind), stores.open(kind)
    was = bench.apply(old)
    mapping = old.catalog / "mapping"
    mapping.write_text(f"{old.path()} services/{OWNER.id}/{OWNER.slug}\n")
    words = ["migrate", "--from", str(old.catalog)]
    words += ["--to", str(new.catalog), "--yes"]
    words += ["--mapping", str(mapping)] if kind in BY_ID else []
    done = bench.state(old, *words)
    assert (done.code, "moved: " in done.stdout) == (0, True), done.stderr
    assert bench.read(new).digest == was.digest
    again = bench.state(old, *words)
    assert (again.code, "already there" in again.stdout) == (0, True), again.stderr


@pytest.mark.slow
@pytest.mark.one_engine
def test_what_somebody_did_to_the_state_that_stayed_behind_is_not_lost(
    stores: Stores, bench: Bench
) -> None:
    home, away = stores.open("local"), stores.open("s3")
    bench.apply(home)
    move(home, away, bench.engine)
    strayed = bench.apply(home, "-var=size=3")
    refused = move(away, home, bench.engine)
    assert refused.verdict is Verdict.REFUSED
    assert bench.read(home).text == strayed.text


@pytest.mark.slow
@pytest.mark.one_engine
def test_an_old_place_without_notes_says_so_and_never_guesses(stores: Stores, bench: Bench) -> None:
    old, new = stores.open("http"), stores.open("local")
    bench.apply(old)
    assert "keeps no note" in move(old, new, bench.engine).note
    lived_on = bench.apply(new, "-var=size=2")
    refused = move(old, new, bench.engine)
    assert (refused.verdict, "keeps no note" in refused.note) == (Verdict.REFUSED, True)
    assert bench.read(new).text == lived_on.text


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.one_engine
@pytest.mark.parametrize("destination", STORES)
@pytest.mark.parametrize("source", STORES)
def test_a_state_moves_between_any_two_places(
    source: str, destination: str, stores: Stores, bench: Bench
) -> None:
    check_move(source, destination, stores, bench)

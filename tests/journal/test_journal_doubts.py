"""A mark stands while an engine changes things; one that outlives its attempt is a doubt."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import make_begin
from purveyor.backends.stores.local import FolderStore
from purveyor.entity import EntityRef
from purveyor.journal import Capsules, ChangeMarker, End, Journal, ParkedStates
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from pathlib import Path

LOST = make_begin(RunIdentity(ci="github", run="1", url="https://ci/1"), at=1.0)


@pytest.fixture
def records(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


@pytest.fixture
def journal(records: FolderStore) -> Journal:
    return Journal(records, lambda: 1.0)


def silent_for(seconds: float, records: FolderStore) -> Journal:
    return Journal(records, lambda: LOST.at + seconds)


def marker_of(journal: Journal) -> ChangeMarker:
    (marker,) = journal.markers.find(EntityRef("service", "s-1"))
    return marker


def nobody_knows(_: RunIdentity) -> None:
    return None


def test_a_mark_tells_whose_it_is_until_it_is_taken_away(journal: Journal) -> None:
    journal.markers.put(LOST, at=7.0)
    assert journal.markers.is_set(LOST)
    assert marker_of(journal) == ChangeMarker(
        EntityRef("service", "s-1"), "a-1", 1, "https://ci/1", 7.0
    )
    journal.markers.remove(LOST)
    assert not journal.markers.is_set(LOST)
    assert journal.markers.find(EntityRef("service", "s-1")) == ()


def test_marks_of_two_actions_and_of_two_attempts_are_apart(journal: Journal) -> None:
    again = dataclasses.replace(LOST, attempt=2)
    other = dataclasses.replace(LOST, action="a-2.1")
    for each in (LOST, again, other):
        journal.markers.put(each, at=1.0)
    journal.markers.remove(LOST)
    found = journal.markers.find(EntityRef("service", "s-1"))
    assert [(each.action, each.attempt) for each in found] == [("a-1", 2), ("a-2.1", 1)]
    assert journal.markers.find(EntityRef("service", "s-2")) == ()


def test_a_mark_whose_attempt_the_journal_does_not_know_is_a_lost_ones(journal: Journal) -> None:
    journal.markers.put(LOST, at=1.0)
    assert journal.is_over(marker_of(journal), is_dead=nobody_knows) is True


def test_a_mark_of_an_attempt_that_ended_is_a_lost_ones(journal: Journal) -> None:
    journal.claim(LOST, is_dead=nobody_knows)
    journal.markers.put(LOST, at=1.0)
    assert journal.is_over(marker_of(journal), is_dead=nobody_knows) is False
    journal.end(LOST, End(at=2.0, status="failed", reason="X", exit_code=15, message=""))
    assert journal.is_over(marker_of(journal), is_dead=nobody_knows) is True


def test_a_mark_of_an_attempt_that_was_followed_is_a_lost_ones(journal: Journal) -> None:
    journal.claim(LOST, is_dead=nobody_knows)
    journal.markers.put(LOST, at=1.0)
    rerun = dataclasses.replace(LOST.identity, attempt=2)
    journal.claim(dataclasses.replace(LOST, identity=rerun), is_dead=nobody_knows)
    assert journal.is_over(marker_of(journal), is_dead=nobody_knows) is True


@pytest.mark.parametrize(
    ("quiet", "dead", "over"),
    [(10.0, True, False), (301.0, True, True), (301.0, False, False), (301.0, None, None)],
)
def test_a_mark_without_an_end_is_judged_as_a_claim_is(
    records: FolderStore, quiet: float, *, dead: bool | None, over: bool | None
) -> None:
    journal = silent_for(quiet, records)
    journal.claim(LOST, is_dead=nobody_knows)
    journal.markers.put(LOST, at=1.0)
    assert journal.is_over(marker_of(journal), is_dead=lambda _: dead) is over


def test_a_damaged_mark_is_a_mark(journal: Journal, records: FolderStore) -> None:
    records.put("journal/entities/service/s-1/changing/a-1/1", "{")
    assert marker_of(journal) == ChangeMarker(EntityRef("service", "s-1"), "a-1", 1)


def test_a_doubt_is_settled_once_and_the_reason_is_kept(
    journal: Journal, records: FolderStore
) -> None:
    for each in (LOST, dataclasses.replace(LOST, attempt=2)):
        journal.markers.put(each, at=1.0)
    markers = journal.markers.find(EntityRef("service", "s-1"))
    journal.markers.settle(markers, {"at": "now", "reason": "looked"})
    assert journal.markers.find(EntityRef("service", "s-1")) == ()
    paths = list(records.paths("journal/entities/service/s-1/settlements"))
    assert len(paths) == 2
    assert all("looked" in (records.read(path) or "") for path in paths)


def test_a_state_that_was_kept_settles_its_attempt_once_it_is_saved(
    journal: Journal, records: FolderStore, tmp_path: Path
) -> None:
    owner = EntityRef("service", "s-1")
    disk = FolderStore(tmp_path / "disk")
    states = ParkedStates(
        owner, store=records, disk=disk, place="here", clock=lambda: 5.0, attempt="a-1@1"
    )
    other = dataclasses.replace(LOST, action="a-2")
    for each in (LOST, other):
        journal.markers.put(each, at=1.0)
    states.park("{}", lock_id="l-1")
    (name,) = states.waiting()
    assert states.lock_of(name) == "l-1"
    assert journal.markers.is_set(LOST)
    states.remove(name)
    assert states.waiting() == ()
    assert not journal.markers.is_set(LOST)
    assert journal.markers.is_set(other)


def test_nothing_is_proven_of_an_entity_that_is_being_changed(
    journal: Journal, records: FolderStore
) -> None:
    capsules = Capsules(records)
    capsules.note_untouched(EntityRef("service", "s-1"), "a-0")
    assert capsules.was_never_built(EntityRef("service", "s-1"))
    journal.markers.put(LOST, at=1.0)
    assert not capsules.was_never_built(EntityRef("service", "s-1"))

"""What every store of records promises to the journal, on real stores."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING

import pytest
from backend_fixtures import PLACES

from journal_fixtures import GITHUB, make_begin
from purveyor.entity import EntityRef
from purveyor.journal import (
    Beat,
    Capsule,
    Capsules,
    Claimed,
    End,
    Ended,
    Journal,
    ParkedStates,
    Running,
)

if TYPE_CHECKING:
    from backend_fixtures import Place

    from purveyor.record_store import RecordStore


NO_RECORDS = ("http", "gitlab", "consul")
# The lock's kind changes nothing for records.
KEEPING = [each for each in PLACES if each not in {*NO_RECORDS, "dynamodb", "both"}]
BEGIN = make_begin()
DONE = End(at=1010.0, status="success", reason="DONE", exit_code=0, message="Created.")

pytestmark = pytest.mark.parametrize("place", KEEPING, indirect=True)


@pytest.fixture
def records(place: Place) -> RecordStore:
    found = place.backend.records
    assert found is not None
    return found


def test_a_text_is_created_once_and_written_over_at_will(records: RecordStore) -> None:
    assert records.read("journal/a/b.json") is None
    assert records.create("journal/a/b.json", "one") is True
    assert records.create("journal/a/b.json", "one") is False
    assert records.read("journal/a/b.json") == "one"
    records.put("journal/a/b.json", "größer\n'\"\\ %s {table}")
    assert records.read("journal/a/b.json") == "größer\n'\"\\ %s {table}"
    records.remove("journal/a/b.json")
    records.remove("journal/a/b.json")
    assert records.read("journal/a/b.json") is None
    assert records.create("journal/a/b.json", "again") is True


def test_a_listing_tells_what_lies_below_a_folder_and_nothing_else(records: RecordStore) -> None:
    inside = {"journal/open/a_1", "journal/open/deep/er/b", "journal/open/Z"}
    for path in (*inside, "journal/open0", "journal/openly/c", "journal/ope", "journal/opeN/x"):
        records.put(path, "x")
    assert set(records.paths("journal/open")) == inside
    assert set(records.paths("journal/open/deep")) == {"journal/open/deep/er/b"}
    assert list(records.paths("journal/nothing")) == []


def test_what_is_read_and_removed_while_a_listing_goes_on_does_not_disturb_it(
    records: RecordStore,
) -> None:
    for number in range(30):
        records.put(f"journal/open/{number:02}", str(number))
    seen = []
    for path in records.paths("journal/open"):
        seen.append(records.read(path))
        records.remove(path)
    assert sorted(seen, key=str) == sorted(map(str, range(30)))
    assert list(records.paths("journal/open")) == []


def test_records_are_not_taken_for_states(place: Place, records: RecordStore) -> None:
    records.create("journal/entities/service/s-1/recovery/20260101T000000000000Z.tfstate", "{}")
    records.put("journal/open/a-1", "x")
    assert list(place.backend.list()) == []


def test_of_twenty_claims_at_once_exactly_one_wins(place: Place) -> None:
    start = threading.Barrier(20)
    verdicts: list[object] = []

    def deliver(run: int) -> None:
        records = place.backend.records
        assert records is not None
        wanted = dataclasses.replace(BEGIN, identity=dataclasses.replace(GITHUB, run=str(run)))
        start.wait(timeout=30)
        verdicts.append(Journal(records, lambda: 1000.0).claim(wanted, is_dead=lambda _: None))

    threads = [threading.Thread(target=deliver, args=(run,)) for run in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    assert len(verdicts) == 20
    assert sum(isinstance(each, Claimed) for each in verdicts) == 1
    assert sum(isinstance(each, Running) for each in verdicts) == 19


def test_an_action_goes_from_its_claim_to_its_end(records: RecordStore) -> None:
    journal = Journal(records, lambda: 1000.0)
    claimed = journal.claim(BEGIN, is_dead=lambda _: None)
    assert isinstance(claimed, Claimed)
    assert list(journal.open_actions()) == ["a-1"]
    assert journal.last_action(EntityRef("service", "s-1")) == "a-1"
    journal.beat(BEGIN, Beat(at=1001.0, phase="apply"))
    journal.beat(BEGIN, Beat(at=1005.0, phase="apply"))
    assert journal.end(BEGIN, DONE) is True
    assert journal.end(BEGIN, dataclasses.replace(DONE, message="Twice.")) is False
    journal.close(BEGIN)
    assert list(journal.open_actions()) == []
    assert journal.claim(BEGIN, is_dead=lambda _: None) == Ended(BEGIN, DONE, reported=True)
    (began,) = Journal(records, time.time).actions().items()
    assert began[0] == "a-1"
    assert abs(time.time() - began[1]) < 600  # the store's clock may be another machine's
    (attempt,) = Journal(records, time.time).attempts("a-1")
    assert (attempt.beat, attempt.end, attempt.reported) == (Beat(1005.0, "apply"), DONE, True)


def test_capsules_unsaved_states_and_marks_are_kept(records: RecordStore, place: Place) -> None:
    capsules = Capsules(records)
    capsule = Capsule(kind="link", entity="l-1", service="s-1", at=1.5, tree="A" * 1_400_000)
    capsules.keep(capsule)
    capsules.keep(dataclasses.replace(capsule, at=2.5))
    assert capsules.read(EntityRef("link", "l-1")) == dataclasses.replace(capsule, at=2.5)
    assert capsules.built_links("s-1") == ("l-1",)
    owner = EntityRef("service", "s-1")
    parked = ParkedStates(owner, store=records, disk=records, place=place.name, clock=lambda: 1.0)
    parked.park('{"serial": 3}', lock_id="7-a")
    (name,) = parked.waiting()
    assert (parked.read(name), parked.lock_of(name)) == ('{"serial": 3}', "7-a")
    parked.remove(name)
    assert parked.waiting() == ()
    markers = Journal(records, lambda: 1000.0).markers
    markers.put(BEGIN, at=1000.0)
    assert [each.run for each in markers.find(EntityRef("service", "s-1"))] == [GITHUB.url]
    markers.settle(
        markers.find(EntityRef("service", "s-1")), {"at": "2026-01-01T00:00:00Z", "reason": "seen"}
    )
    assert markers.find(EntityRef("service", "s-1")) == ()


def test_the_store_tells_how_old_a_text_is(place: Place) -> None:
    records = place.backend.records
    assert records is not None
    assert records.age("journal/a") is None
    records.put("journal/a", "one")
    time.sleep(1.1)
    age = records.age("journal/a")
    assert age is not None
    assert 0.1 <= age < 60  # some tell whole seconds

"""An attempt from its claim to its report: what it writes, in which order, and what others see."""

from __future__ import annotations

import dataclasses

import pytest

from journal_fixtures import make_begin
from memory_fixtures import MemoryStore, claim, make_run
from purveyor import json_text
from purveyor.attempt import Attempt, NotOurs
from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.plan import Verb
from purveyor.reporter import Reported
from purveyor.step import PhaseStarted, ResourceMoved

DONE = Outcome(Status.SUCCESS, ReasonCode.DONE, 0, "Created.", results={"endpoint": "db"})
FAILED = Outcome(Status.FAILED, ReasonCode.STATE_LOCKED, 14, "Locked.")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def take(store: MemoryStore, *, number: str = "100", dead: bool | None = None) -> Attempt | NotOurs:
    run = make_run(store, number=number, dead=dead)
    begin = make_begin(run.identity, at=store.time.seconds)
    return claim(begin, journal=store.journal(), run=run)


def taken(store: MemoryStore, **how: bool) -> Attempt:
    attempt = take(store, number="101" if how else "100", **how)
    assert isinstance(attempt, Attempt)
    return attempt


def test_an_attempt_writes_its_records_in_this_order(store: MemoryStore) -> None:
    attempt = taken(store)
    attempt.beat()
    attempt.finish(DONE)
    attempt.close()
    place = "journal/actions/a-1/1"
    assert store.written() == [
        ("put", "journal/open/a-1"),
        ("create", f"{place}/begin.json"),
        ("put", "journal/entities/service/s-1/last"),
        ("put", f"{place}/beat.json"),
        ("create", f"{place}/end.json"),
        ("create", f"{place}/heard.json"),
        ("remove", "journal/open/a-1"),
    ]


def test_a_second_run_meets_the_first(store: MemoryStore) -> None:
    taken(store)
    store.time.turn(20)
    found = take(store, number="101", dead=None)
    assert isinstance(found, NotOurs)
    assert (found.outcome.reason, found.replay) == (ReasonCode.RUNNING_ELSEWHERE, False)
    assert "last sign of life 20 s ago" in found.outcome.details


def test_who_may_still_live_is_not_followed(store: MemoryStore) -> None:
    taken(store)
    store.time.turn(400)
    found = take(store, number="101", dead=None)
    assert isinstance(found, NotOurs)
    assert (found.outcome.reason, found.outcome.exit_code) == (ReasonCode.NEEDS_RECOVERY, 19)


def test_who_is_dead_is_followed_by_the_next_number(store: MemoryStore) -> None:
    taken(store)
    store.time.turn(400)
    assert taken(store, dead=True).begin.attempt == 2


def test_a_sign_of_life_keeps_others_away(store: MemoryStore) -> None:
    first = taken(store)
    store.time.turn(400)
    first.beat()
    assert isinstance(take(store, number="101", dead=True), NotOurs)


def test_what_ended_is_told_again_and_not_done_again(store: MemoryStore) -> None:
    taken(store).finish(DONE)
    run = make_run(store, number="101")
    again = Attempt(make_begin(run.identity, at=store.time.seconds), run=run)
    found = again.claim(store.journal())
    assert found is not None
    assert (found.outcome.results, found.outcome.exit_code) == ({"endpoint": "db"}, 0)
    assert found.replay
    told, delivery = again.report(found.outcome, lambda _: Reported(delivered=True))
    assert (told, delivery) == (found.outcome, Reported(delivered=True))
    assert list(store.journal().open_actions()) == []


@pytest.mark.parametrize("left", [False, True])
def test_an_action_whose_lock_may_be_left_is_reported_and_stays_open(
    store: MemoryStore, *, left: bool
) -> None:
    attempt = taken(store)
    attempt.lock_left = left
    attempt.finish(FAILED)
    attempt.close()
    found = store.journal().last("a-1")
    assert found is not None
    assert found.reported
    assert list(store.journal().open_actions()) == (["a-1"] if left else [])


def test_a_heartbeat_tells_the_phase(store: MemoryStore) -> None:
    attempt = taken(store)
    attempt.notice(PhaseStarted("apply"))
    attempt.beat()
    found = store.journal().last("a-1")
    assert found is not None
    assert found.beat is not None
    assert (found.beat.phase, found.beat.at) == ("apply", 1000.0)


def test_what_is_done_is_counted_when_it_has_ended(store: MemoryStore) -> None:
    attempt = taken(store)
    for stage in ("started", "ended"):
        attempt.notice(ResourceMoved("a.b", Verb.CREATE, stage, resource_type="a"))
    assert [(each.address, each.verb) for each in attempt.changes] == [("a.b", Verb.CREATE)]


def test_a_run_is_found_on_its_machine_until_the_platform_has_heard_it(store: MemoryStore) -> None:
    attempt = taken(store)
    runs = attempt.run.local_runs
    assert runs is not None
    attempt.note_locally(workspace="/w", signal="SIGTERM")
    attempt.finish(FAILED)
    found = runs.read("a-1")
    assert found is not None
    assert (found.attempt, found.workspace, found.signal) == (1, "/w", "SIGTERM")
    assert found.entity == "services/s-1"
    assert found.end is not None
    assert found.end.reason == "STATE_LOCKED"
    attempt.close()
    assert runs.read("a-1") is None


def test_without_a_journal_an_attempt_is_kept_on_its_machine_only(store: MemoryStore) -> None:
    run = make_run(store)
    attempt = claim(make_begin(run.identity), journal=None, run=run)
    assert isinstance(attempt, Attempt)
    attempt.beat()
    attempt.finish(DONE)
    assert run.local_runs is not None
    found = run.local_runs.read("a-1")
    assert found is not None
    assert found.attempt == 0
    attempt.close()
    assert store.written() == []


def test_a_begin_tells_state_module_and_engine(store: MemoryStore) -> None:
    run = make_run(store)
    begin = dataclasses.replace(
        make_begin(run.identity), state_key="services/s-1/x.tfstate", module="m", engine="tofu"
    )
    claim(begin, journal=store.journal(), run=run)
    kept = json_text.parse(store.texts["journal/actions/a-1/1/begin.json"][0])
    assert isinstance(kept, dict)
    assert [kept[n] for n in ("state_key", "module", "engine")] == [
        "services/s-1/x.tfstate",
        "m",
        "tofu",
    ]
    assert store.journal().attempts("a-1")[0].begin == begin

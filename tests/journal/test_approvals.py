"""What waits for a person: the first decision counts, and nothing waits for ever."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import GITHUB, make_begin
from memory_fixtures import MemoryStore
from purveyor.journal import (
    Answer,
    ApprovalRequest,
    ChangeMarker,
    Claimed,
    Ended,
    Parked,
)
from purveyor.journal.records import read_begin, write_record

if TYPE_CHECKING:
    from purveyor.journal import AttemptRecord, Begin, Journal, Verdict

BEGIN = make_begin()
LATER = dataclasses.replace(BEGIN, token="other", identity=dataclasses.replace(GITHUB, run="200"))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def journal(store: MemoryStore) -> Journal:
    """A journal in which the first attempt waits before `switch`, for an hour."""
    journal = store.journal()
    claimed = claim(journal, BEGIN)
    assert isinstance(claimed, Claimed)
    journal.markers.put(claimed.begin, at=1000.0, step="switch", repeatable=True)
    journal.approvals.ask(claimed.begin, ApprovalRequest("switch", 1000.0, 3600.0))
    return journal


def claim(journal: Journal, begin: Begin, approver: str = "") -> Verdict:
    return journal.claim(begin, is_dead=lambda _: None, approver=approver)


def last(journal: Journal) -> AttemptRecord:
    found = journal.last(BEGIN.action)
    assert found is not None
    return found


def test_a_delivery_finds_what_waits_and_changes_nothing(
    journal: Journal, store: MemoryStore
) -> None:
    store.time.turn(600)  # long enough to be called silent
    before = dict(store.texts)
    found = claim(journal, LATER)
    assert isinstance(found, Parked)
    assert (found.request.step, found.request.until) == ("switch", "1970-01-01 01:16 UTC")
    changed = {path for path in store.texts if store.texts[path] != before.get(path)}
    assert changed == {f"journal/open/{BEGIN.action}"}


def test_who_allows_it_goes_on_with_a_new_attempt_that_knows_the_step(journal: Journal) -> None:
    found = claim(journal, LATER, "ada")
    assert isinstance(found, Claimed)
    assert (found.begin.attempt, found.begin.approved) == (2, ("switch",))
    assert read_begin(write_record(found.begin)) == found.begin
    first = journal.attempts(BEGIN.action)[0]
    assert first.decision is not None
    assert (first.decision.answer, first.decision.by) == ("approved", "ada")


def test_what_was_allowed_elsewhere_is_gone_on_with_by_any_delivery(journal: Journal) -> None:
    journal.settle(last(journal), Answer.APPROVED, by="ada")
    assert isinstance(claim(journal, LATER), Claimed)


def test_an_approval_counts_for_its_step_and_the_next_one_waits_again(journal: Journal) -> None:
    second = claim(journal, LATER, "ada")
    assert isinstance(second, Claimed)
    journal.approvals.ask(second.begin, ApprovalRequest("remove", 1000.0, 3600.0))
    assert isinstance(claim(journal, LATER), Parked)
    third = claim(journal, LATER, "grace")
    assert isinstance(third, Claimed)
    assert third.begin.approved == ("switch", "remove")


@pytest.mark.parametrize("again", [0, 1])
def test_a_rejected_action_has_ended_even_for_its_own_runs_next_try(
    journal: Journal, again: int
) -> None:
    journal.settle(last(journal), Answer.REJECTED, by="ada", why="not on a Friday")
    identity = dataclasses.replace(GITHUB, attempt=GITHUB.attempt + again)
    found = claim(journal, dataclasses.replace(BEGIN, token="t", identity=identity), "grace")
    assert isinstance(found, Ended)
    assert found.end.reason == "APPROVAL_REJECTED"
    assert "rejected by ada: not on a Friday." in found.end.message
    assert journal.markers.find(BEGIN.ref) == ()


@pytest.mark.parametrize("second", [Answer.APPROVED, Answer.REJECTED])
def test_of_two_decisions_the_first_one_counts(journal: Journal, second: Answer) -> None:
    waiting = last(journal)  # both have seen the same
    first = Answer.REJECTED if second is Answer.APPROVED else Answer.APPROVED
    journal.settle(waiting, first, by="ada")
    found = journal.settle(waiting, second, by="grace")
    assert found.decision is not None
    assert (found.decision.answer, found.decision.by) == (first, "ada")
    assert (found.end is None) == (first is Answer.APPROVED)


def test_an_approval_that_comes_too_late_is_none(journal: Journal, store: MemoryStore) -> None:
    store.time.turn(3600)
    found = claim(journal, LATER, "ada")
    assert isinstance(found, Ended)
    assert found.end.reason == "APPROVAL_EXPIRED"
    assert "Nobody allowed it within 1 h." in found.end.message


def test_the_time_is_counted_by_the_stores_clock(store: MemoryStore) -> None:
    journal = store.journal()
    claimed = claim(journal, BEGIN)
    assert isinstance(claimed, Claimed)
    hours_ahead = ApprovalRequest("switch", 1000.0 + 86_400, 3600.0)
    journal.approvals.ask(claimed.begin, hours_ahead)
    store.time.turn(3601)
    assert isinstance(claim(journal, LATER), Ended)


def test_an_action_that_waits_is_not_over_for_others(journal: Journal, store: MemoryStore) -> None:
    (marker,) = journal.markers.find(BEGIN.ref)
    assert isinstance(marker, ChangeMarker)
    store.time.turn(3000)
    assert journal.is_over(marker, is_dead=lambda _: True) is False
    journal.settle(last(journal), Answer.REJECTED, by="ada")
    assert journal.is_over(marker, is_dead=lambda _: True) is True

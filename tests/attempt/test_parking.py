"""An attempt that leaves its action waiting, and what other actions on the entity meet."""

from __future__ import annotations

import pytest
from attempt_fixtures import Played

from purveyor.action import Operation
from purveyor.errors import StateLockedError
from purveyor.journal import Answer
from purveyor.outcome import Outcome, Status
from purveyor.reporter import Reported


def parked() -> Played:
    """Return an action that waits before its second step, after the first has changed things."""
    played = Played()
    played.change.begin()
    played.change.settle()
    played.change.close()
    played.change.park("switch")
    played.outcome = played.attempt.park("switch", 3600.0)
    played.change.close()
    return played


def other(played: Played) -> Played:
    return Played(played.store, "a-2", "200", Operation.UPDATE)


def test_its_outcome_says_what_waits_until_when_and_how_to_allow_it() -> None:
    played = parked()
    outcome = played.outcome
    assert outcome is not None
    assert (outcome.status, outcome.exit_code) == (Status.PARKED, 0)
    assert outcome.message.startswith("Step switch (create service s-1) waits")
    assert "purveyor approve a-1 --reject" in outcome.details[1]


def test_it_is_told_and_has_no_end_and_stays_open() -> None:
    played = parked()
    told: list[Outcome] = []

    def tell(outcome: Outcome) -> Reported:
        told.append(outcome)
        return Reported(delivered=True)

    assert played.outcome is not None
    played.attempt.report(played.outcome, tell)
    (shown,) = told
    assert shown.status is Status.PARKED
    journal = played.store.journal()
    found = journal.last("a-1")
    assert found is not None
    assert (found.end, found.reported, list(journal.open_actions())) == (None, False, ["a-1"])
    assert played.attempt.run.local_runs.read("a-1") is None


def test_another_change_of_the_entity_is_refused_at_once() -> None:
    second = other(parked())
    with pytest.raises(StateLockedError) as caught:
        second.change.begin()
    assert "waits for an approval until" in caught.value.message
    assert "purveyor approve a-1 --reject" in caught.value.hint
    assert second.marker() is None


def test_another_action_does_not_wait_beside_it() -> None:
    second = other(parked())
    with pytest.raises(StateLockedError):
        second.change.park("switch")
    assert second.marker() is None


def test_what_waits_does_not_wait_while_another_run_changes_the_entity() -> None:
    first = Played()
    first.change.begin()
    with pytest.raises(StateLockedError) as caught:
        other(first).change.park("switch")
    assert "is being changed by" in caught.value.message


@pytest.mark.parametrize("answer", [Answer.APPROVED, Answer.REJECTED])
def test_once_it_is_decided_the_entity_can_be_changed(answer: Answer) -> None:
    first = parked()
    journal = first.store.journal()
    found = journal.last("a-1")
    assert found is not None
    journal.settle(found, answer, by="ada")
    second = other(first) if answer is Answer.REJECTED else Played(first.store, "a-1", "200")
    assert second.change.begin() is None
    assert len(journal.markers.find(second.record.blank.ref)) == 1

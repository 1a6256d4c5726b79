"""An action whose runner died gets its ending; one that may be alive is left alone."""

from __future__ import annotations

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sweep_fixtures import LOST

from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.sweep.lost_outcome import recall_context

if TYPE_CHECKING:
    from sweep_fixtures import Stage

    from purveyor.journal import Begin


def ended(stage: Stage, begin: Begin) -> str | None:
    found = stage.journal.last(begin.action)
    assert found is not None
    return found.end.reason if found.end else None


def test_a_dead_runs_action_is_ended_and_told(stage: Stage) -> None:
    begin = stage.begin()
    stage.beat(begin, ago=400)
    stage.double.github_run("completed", conclusion="cancelled")
    swept = stage.sweep()
    assert not swept.needs_person
    assert [each.done for each in swept.actions] == [f"reported as failed ({LOST})"]
    assert stage.shown(begin) == "failed"
    assert ended(stage, begin) == LOST
    assert stage.open() == []
    assert stage.sweep().actions == ()


@pytest.mark.parametrize("silent", [0, 290])
def test_a_run_that_was_heard_lately_is_left_alone(stage: Stage, silent: float) -> None:
    begin = stage.begin()
    stage.beat(begin, ago=silent)
    stage.double.github_run("completed", conclusion="failure")
    (action,) = stage.sweep().actions
    assert action.done == "left alone"
    assert stage.double.asked == []
    assert (stage.open(), ended(stage, begin)) == ([begin.action], None)


def test_a_silent_run_that_lives_is_left_alone(stage: Stage) -> None:
    begin = stage.begin()
    stage.double.github_run("in_progress")
    (action,) = stage.sweep().actions
    assert (action.done, action.needs_person) == ("left alone", False)
    assert (stage.shown(begin), stage.open()) == ("pending", [begin.action])


CANCEL = "/repos/acme/infra/actions/runs/100/cancel"


def test_a_run_that_takes_too_long_is_cancelled_by_its_ci(stage: Stage) -> None:
    begin = stage.begin()
    stage.beat(begin, ago=0)
    stage.double.answers[CANCEL] = (202, {})
    (action,) = stage.sweep(cancel_after=3600.0).actions
    assert action.done == "left alone"
    (action,) = stage.sweep(cancel_after=0.0, dry_run=True).actions
    assert (action.done, stage.double.asked) == ("would be cancelled", [])
    (action,) = stage.sweep(cancel_after=0.0).actions
    assert (action.done, action.needs_person) == ("its CI was asked to cancel it", False)
    assert [each[:2] for each in stage.double.asked] == [("POST", CANCEL)]
    assert (stage.open(), ended(stage, begin)) == ([begin.action], None)


def test_a_run_that_its_ci_does_not_cancel_is_for_a_person(stage: Stage) -> None:
    stage.beat(stage.begin(), ago=0)
    stage.double.answers[CANCEL] = (403, {"message": "Resource not accessible by integration"})
    (action,) = stage.sweep(cancel_after=0.0).actions
    assert action.needs_person
    assert action.done.startswith("not cancelled: GitHub gave no answer")


def test_a_run_of_which_nobody_knows_is_for_a_person(stage: Stage) -> None:
    begin = stage.begin()
    swept = stage.sweep()
    (action,) = swept.actions
    assert swept.needs_person
    assert action.run_url == begin.identity.url
    assert "404" in action.found
    assert (stage.shown(begin), ended(stage, begin)) == ("pending", None)
    assert stage.open() == [begin.action]


def test_what_the_platform_shows_as_ended_is_closed_whoever_lives(stage: Stage) -> None:
    begin = stage.begin()
    stage.emulator.cancel_action(begin.action)
    swept = stage.sweep()
    assert not swept.needs_person
    assert (stage.shown(begin), stage.open()) == ("cancelled", [])


def test_a_dead_run_never_takes_back_a_success(stage: Stage) -> None:
    begin = stage.begin()
    stage.end(begin, status="failed", reason="ENGINE_FAILED")
    later = dataclasses.replace(begin.identity, attempt=2)
    again = stage.follow(dataclasses.replace(begin, identity=later, at=begin.at + 1))
    done = Outcome(Status.SUCCESS, ReasonCode.DONE, 0, "Created.")
    assert stage.sweeper().open_reporter().end(recall_context(again), done).delivered
    stage.double.github_run("completed", conclusion="failure", attempt=2)
    assert not stage.sweep().needs_person
    assert (stage.shown(again), stage.open()) == ("success", [])


def test_an_ending_that_was_not_heard_is_told_again_with_its_results(stage: Stage) -> None:
    begin = stage.begin()
    stage.end(begin)
    assert not stage.sweep().needs_person
    assert stage.shown(begin) == "success"
    assert stage.emulator.action(begin.action)["results"] == {"endpoint": "db"}
    assert stage.open() == []


def test_an_ending_that_is_just_being_told_is_left_to_its_run(stage: Stage) -> None:
    begin = stage.begin()
    stage.end(begin, ago=2)
    stage.sweep()
    assert (stage.shown(begin), stage.open()) == ("pending", [begin.action])


def test_a_platform_that_is_down_hears_it_at_the_next_sweep(stage: Stage) -> None:
    begin = stage.begin()
    stage.end(begin)
    stage.emulator.fault("status", status=503, method="PATCH", count=-1)
    try:
        swept = stage.sweep()
    finally:
        stage.emulator.clear_faults()
    assert swept.needs_person
    assert stage.open() == [begin.action]
    assert not stage.sweep().needs_person
    assert (stage.shown(begin), stage.open()) == ("success", [])


def test_a_marker_of_a_closed_action_goes(stage: Stage) -> None:
    begin = stage.begin()
    stage.end(begin)
    stage.journal.mark_reported(begin)
    before = stage.shown(begin)
    assert stage.sweep().actions[0].done == "taken off the list"
    assert (stage.shown(begin), stage.open()) == (before, [])


def test_a_marker_without_a_begin_goes_after_an_hour(stage: Stage) -> None:
    stage.records.put("journal/open/a-young", f"runner {time.time() - 60:.0f}")
    stage.records.put("journal/open/b-old", f"runner {time.time() - 4000:.0f}")
    stage.records.put("journal/open/c-strange", "runner")
    assert not stage.sweep().needs_person
    assert sorted(stage.open()) == ["a-young", "c-strange"]


def test_an_unreadable_record_keeps_nothing_else_back(stage: Stage) -> None:
    stage.records.put("journal/open/a-0", "x 1")
    stage.records.put("journal/actions/a-0/1/begin.json", "{")
    begin = stage.begin()
    stage.double.github_run("completed")
    swept = stage.sweep()
    assert sorted(each.needs_person for each in swept.actions) == [False, True]
    assert stage.shown(begin) == "failed"


def test_a_dry_run_changes_nothing(stage: Stage) -> None:
    dead, unreported = stage.begin(), stage.begin(run=101)
    stage.end(unreported)
    stage.double.github_run("completed")
    swept = stage.sweep(dry_run=True)
    assert sorted(each.done for each in swept.actions) == [
        f"would be ended as {LOST}",
        "would be reported as success (DONE)",
    ]
    assert (stage.shown(dead), stage.shown(unreported)) == ("pending", "pending")
    assert (len(stage.open()), ended(stage, dead)) == (2, None)


def test_two_sweeps_at_once_tell_one_ending(stage: Stage) -> None:
    begins = [stage.begin(run=100 + number) for number in range(4)]
    for number in range(4):
        stage.double.github_run("completed", run=100 + number)
    with ThreadPoolExecutor(2) as pool:
        both = [each.result() for each in [pool.submit(stage.sweep) for _ in range(2)]]
    assert not any(each.needs_person for each in both)
    assert [stage.shown(each) for each in begins] == ["failed"] * 4
    assert [ended(stage, each) for each in begins] == [LOST] * 4
    assert stage.open() == []


def test_an_attempt_that_begins_during_the_sweep_stays_open(stage: Stage) -> None:
    begin = stage.begin()
    stage.double.github_run("completed", attempt=1)
    stage.sweep()
    later = dataclasses.replace(begin.identity, attempt=2)
    again = stage.follow(dataclasses.replace(begin, identity=later))
    stage.journal.forget(begin.action, attempt=1)
    assert again.attempt == 2
    assert stage.open() == [begin.action]


@pytest.mark.parametrize("changing", [False, True])
def test_a_lost_run_is_told_with_what_the_developer_can_do(stage: Stage, *, changing: bool) -> None:
    begin = stage.begin()
    if changing:
        stage.journal.markers.put(begin, at=begin.at)
    stage.double.github_run("completed")
    stage.sweep()
    messages = str(stage.emulator.action(begin.action)["messages"])
    assert "if that is refused, ask the platform team" in messages
    assert "purveyor" not in messages
    assert stage.journal.markers.is_set(begin) == changing


def test_a_lost_run_without_a_state_may_simply_be_followed(stage: Stage) -> None:
    begin = stage.begin()
    stage.journal.markers.put(begin, at=begin.at, repeatable=True)
    stage.double.github_run("completed")
    stage.sweep()
    (record,) = stage.journal.attempts(begin.action)
    assert record.end is not None
    assert "start that very CI run again" in record.end.next_step

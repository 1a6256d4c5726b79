"""An action is ended by a sweep or carried out by a run, whoever comes first, and only once."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from untaken_fixtures import (
    GONE,
    ask,
    cancel_others,
    make_search,
    path_of,
    run_of,
    status,
    sweep,
    told_of,
)

from purveyor.dispatch import look_up
from purveyor.journal import Begin, Claimed, Ended, recall_outcome
from purveyor.outcome import Status
from purveyor.redaction import Redactor
from purveyor.reporter import ActionSnapshot, open_reporter
from purveyor.settings import Settings
from purveyor.sweep.lost_outcome import recall_context
from purveyor.sweep.unclaimed import Unclaimed, end_unclaimed

if TYPE_CHECKING:
    from sweep_fixtures import Stage


@pytest.fixture(autouse=True)
def nobody_else(stage: Stage) -> None:
    cancel_others(stage)


def test_what_the_journal_knows_is_left_to_its_run(stage: Stage) -> None:
    action, service = ask(stage)
    begin = dataclasses.replace(run_of(stage, action, service), at=stage.sweeper().clock.now())
    assert isinstance(stage.journal.claim(begin, is_dead=lambda _: None), Claimed)
    found = told_of(sweep(stage), action)
    assert found is not None
    assert found.done == "left alone"
    assert status(stage, action) == "pending"


def test_a_run_that_comes_later_finds_the_ending_and_tells_it_again(stage: Stage) -> None:
    action, service = ask(stage)
    stage.emulator.fault("status", status=503, method="PATCH", count=-1)
    swept = sweep(stage)
    stage.emulator.clear_faults()
    assert swept.needs_person
    assert status(stage, action) == "pending"
    run = run_of(stage, action, service)
    verdict = stage.journal.claim(run, is_dead=lambda _: None)
    assert isinstance(verdict, Ended)
    outcome = recall_outcome(verdict.end)
    assert (outcome.status, outcome.reason, outcome.exit_code) == (Status.FAILED, GONE, 0)
    reporter = open_reporter(stage.settings, Redactor(()))
    assert reporter.end(recall_context(verdict.begin), outcome).delivered
    assert status(stage, action) == "failed"


def test_a_run_that_starts_in_that_moment_has_the_action_or_finds_it_ended(stage: Stage) -> None:
    asked = [ask(stage) for _ in range(6)]
    runs = [run_of(stage, action, service) for action, service in asked]

    def start(begin: Begin) -> object:
        here = dataclasses.replace(begin, at=stage.sweeper().clock.now())
        return stage.journal.claim(here, is_dead=lambda _: None)

    with ThreadPoolExecutor(3) as pool:
        sweeping = pool.submit(sweep, stage)
        verdicts = list(pool.map(start, runs))
        sweeping.result()
    for (action, _), verdict in zip(asked, verdicts, strict=True):
        taken = isinstance(verdict, Claimed)
        assert status(stage, action) == ("pending" if taken else "failed"), verdict


def test_two_sweeps_at_once_end_it_once(stage: Stage) -> None:
    actions = [ask(stage)[0] for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        both = [each.result() for each in [pool.submit(sweep, stage) for _ in range(2)]]
    assert not any(each.needs_person for each in both)
    reported = [
        each.action for swept in both for each in swept.actions if each.done.startswith("reported")
    ]
    assert sorted(reported) == sorted(actions)
    for action in actions:
        assert status(stage, action) == "failed"
        assert len(stage.emulator.requests(method="PATCH", path=path_of(stage, action))) == 1
    assert stage.open() == []


def test_a_sweep_that_is_overtaken_by_another_puts_nothing_back_on_the_list(stage: Stage) -> None:
    action, service = ask(stage)
    pending = SimpleNamespace(read_snapshot=lambda _: ActionSnapshot("pending", None, None, True))
    begin = dataclasses.replace(
        run_of(stage, action, service), digest="", identity=make_search(stage).identity
    )
    sweep(stage)
    late = end_unclaimed(
        Unclaimed(begin, "pending", None), stage.sweeper(open_reporter=lambda: pending)
    )
    assert late.done == "left alone: a run has taken it meanwhile"
    assert (status(stage, action), stage.open()) == ("failed", [])


def test_a_sweep_that_was_lost_in_the_middle_is_finished_by_the_next(stage: Stage) -> None:
    action, service = ask(stage)
    lost = dataclasses.replace(
        run_of(stage, action, service), digest="", identity=make_search(stage).identity
    )
    old = dataclasses.replace(lost, at=stage.sweeper().clock.now() - 400)
    assert isinstance(stage.journal.claim(old, is_dead=lambda _: None), Claimed)
    found = told_of(stage.sweep(), action)  # without a search: the journal knows it
    assert found is not None
    assert (found.attempt, found.done) == (2, f"reported as failed ({GONE})")
    assert (status(stage, action), stage.open()) == ("failed", [])


def test_a_run_that_followed_a_lost_sweep_keeps_the_action(stage: Stage) -> None:
    action, service = ask(stage)
    run = run_of(stage, action, service)
    now = stage.sweeper().clock.now()
    swept = dataclasses.replace(run, digest="", identity=make_search(stage).identity, at=now - 400)
    stage.journal.claim(swept, is_dead=lambda _: None)
    followed = stage.journal.claim(
        dataclasses.replace(run, at=now), is_dead=lambda who: look_up(who, Settings({})).dead
    )
    assert isinstance(followed, Claimed)
    found = told_of(sweep(stage), action)
    assert found is not None
    assert (found.done, status(stage, action)) == ("left alone", "pending")

"""An action that no run took gets its ending, by a sweep that asks the platform."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from sweep_fixtures import write_catalog
from untaken_fixtures import (
    GONE,
    TWO_HOURS,
    ask,
    cancel_others,
    make_search,
    request,
    status,
    status_word,
    sweep,
    told_of,
)

from purveyor.clock import Clock
from purveyor.errors import CredentialsError
from purveyor.redaction import Redactor
from purveyor.reporter import open_pending_actions
from purveyor.reporter.pending_actions import SETTLED, UNFINISHED
from purveyor.settings import Settings

if TYPE_CHECKING:
    from sweep_fixtures import Stage


@pytest.fixture(autouse=True)
def nobody_else(stage: Stage) -> None:
    cancel_others(stage)


def test_an_action_that_no_run_took_is_ended_and_told(stage: Stage) -> None:
    action, service = ask(stage)
    swept = sweep(stage)
    found = told_of(swept, action)
    assert found is not None
    assert (found.found, found.done) == (
        "pending for 3 h, and no run took it",
        f"reported as failed ({GONE})",
    )
    assert not swept.needs_person
    assert (status(stage, action), stage.open()) == ("failed", [])
    assert stage.emulator.entity("service", service)["status"] == "failed"
    messages = str(stage.emulator.action(action)["messages"])
    assert "has waited for 3 h and no run took it" in messages
    assert told_of(sweep(stage), action) is None


def test_one_that_has_not_waited_long_is_left(stage: Stage) -> None:
    action, _ = ask(stage, ago=TWO_HOURS - 60)
    assert told_of(sweep(stage), action) is None
    assert status(stage, action) == "pending"


@pytest.mark.parametrize("ahead", [-3 * 3600.0, 3 * 3600.0])
def test_a_sweep_whose_clock_is_wrong_counts_by_the_platforms(stage: Stage, ahead: float) -> None:
    fresh, _ = ask(stage, ago=60)
    waiting, _ = ask(stage, ago=TWO_HOURS + 60)
    swept = stage.sweep(
        search=make_search(stage),
        clock=Clock(time.monotonic, lambda: time.time() + ahead, stage.naps.append),
    )
    assert told_of(swept, fresh) is None
    assert (status(stage, fresh), status(stage, waiting)) == ("pending", "failed")


def test_the_specification_of_somebody_else_is_never_touched(stage: Stage) -> None:
    action, _ = ask(stage, "sqs-queue")
    swept = sweep(stage)
    assert told_of(swept, action) is None
    assert status(stage, action) == "pending"
    assert swept.platform is not None
    assert swept.platform.foreign >= 1


def test_one_that_waits_for_an_approval_is_not_touched_however_old(stage: Stage) -> None:
    action, service = ask(stage)
    stage.emulator.platform.store.actions[action].status = status_word("pending_create")
    request(stage, service, "update", {"storage_gb": 50}, ago=0)
    assert told_of(sweep(stage), action) is None
    assert status(stage, action) == "pending_create"


def test_an_approval_of_a_moment_ago_starts_the_wait_anew(stage: Stage) -> None:
    action, _ = ask(stage)
    shown = stage.emulator.platform.store.actions[action]
    shown.updated_at = stage.emulator.platform.store.entities[shown.entity.id].updated_at
    assert told_of(sweep(stage), action) is None


def test_one_that_somebody_set_in_progress_is_lost_not_unbegun(stage: Stage) -> None:
    action, _ = ask(stage)
    shown = stage.emulator.platform.store.actions[action]
    shown.status = status_word("in_progress")
    found = told_of(sweep(stage), action)
    assert found is not None
    assert found.done == "reported as failed (RUNNER_LOST)"
    assert status(stage, action) == "failed"


def test_a_link_s_action_is_ended_by_both_slugs(stage: Stage) -> None:
    _, service = ask(stage, ago=0)
    link = str(stage.emulator.create_link(service, "database-user", name="reports")["id"])
    action = request(stage, link, "create", {"username": "reports"})
    assert told_of(sweep(stage, serves=lambda _, link: not link), action) is None
    found = told_of(sweep(stage), action)
    assert found is not None
    assert (found.kind, found.entity, status(stage, action)) == ("link", link, "failed")


def test_an_update_of_an_active_service_is_found_when_every_entity_is_looked_at(
    stage: Stage,
) -> None:
    service = str(stage.emulator.create_service("mysql-database", status="active")["id"])
    action = request(stage, service, "update", {"storage_gb": 50})
    assert told_of(sweep(stage), action) is None
    found = told_of(sweep(stage, statuses=(*UNFINISHED, *SETTLED)), action)
    assert found is not None
    assert stage.emulator.entity("service", service)["status"] == "active"
    assert status(stage, action) == "failed"


def test_a_dry_run_says_what_it_would_do_and_leaves_no_trace(stage: Stage) -> None:
    action, _ = ask(stage)
    found = told_of(sweep(stage, dry_run=True), action)
    assert found is not None
    assert found.done == f"would be ended as {GONE}"
    assert (status(stage, action), stage.open()) == ("pending", [])
    assert stage.journal.last(action) is None


def test_a_key_that_may_not_list_gets_a_sentence_and_the_rest_goes_on(stage: Stage) -> None:
    begin = stage.begin()
    stage.double.github_run("completed", conclusion="cancelled")
    stage.emulator.fault("status", status=403, method="GET", path="/service", count=-1)
    try:
        swept = sweep(stage)
    finally:
        stage.emulator.clear_faults()
    assert stage.shown(begin) == "failed"
    assert swept.needs_person
    assert swept.platform is not None
    ((fault, hint),) = swept.platform.faults
    assert "did not let us list the services (403" in fault
    assert "roles" in hint


def test_without_credentials_it_says_that_the_platform_cannot_be_asked(stage: Stage) -> None:
    def refuse() -> Any:
        return open_pending_actions(Settings({}), Redactor(()))

    with pytest.raises(CredentialsError):
        refuse()
    swept = sweep(stage, open_pending_actions=refuse)
    assert swept.platform is not None
    assert "credentials" in swept.platform.faults[0][0]


def test_a_platform_that_is_away_ends_the_search_at_once(stage: Stage) -> None:
    for _ in range(3):
        ask(stage)
    stage.emulator.fault("status", status=503, path="/service_specification/*", count=-1)
    stage.emulator.platform.recorder.clear()
    try:
        swept = sweep(stage)
    finally:
        stage.emulator.clear_faults()
    assert swept.needs_person
    asked = {each["path"] for each in stage.emulator.requests(path="/service_specification")}
    assert len(asked) == 1


def test_requests_grow_with_what_is_unfinished_and_not_with_what_there_is(stage: Stage) -> None:
    swept = sweep(stage)
    assert swept.platform is not None
    before = swept.platform
    for _ in range(30):
        stage.emulator.create_service("mysql-database", status="active")
    swept = sweep(stage)
    assert swept.platform is not None
    assert swept.platform.requests == before.requests
    for _ in range(5):
        ask(stage)
    swept = sweep(stage)
    assert swept.platform is not None
    # A list of actions each, and what each of them is to do.
    assert swept.platform.requests - before.requests <= 2 * 5 + 1


def test_ending_one_takes_six_requests(stage: Stage) -> None:
    action, _ = ask(stage)
    stage.emulator.platform.recorder.clear()
    sweep(stage)
    looked = len(stage.emulator.requests())
    assert status(stage, action) == "failed"
    stage.emulator.platform.recorder.clear()
    sweep(stage)
    # What it is to do, the login, the action, the service, its specification, which tells its
    # secrets, the report; and no more a list of it.
    assert looked - len(stage.emulator.requests()) <= 6 + 2


def test_the_catalog_says_what_it_serves(stage: Stage) -> None:
    from purveyor.catalog import load_catalog

    root = write_catalog(stage.catalog / "other", {"type": "local", "path": "s"})
    (root / "modules/mysql-database/links/default").mkdir(parents=True)
    catalog = load_catalog(root)
    assert catalog.serves("mysql-database")
    assert catalog.serves("mysql-database", "database-user")
    assert not catalog.serves("sqs-queue")
    assert not catalog.serves("../mysql-database")

"""An action that no run took gets its ending: by a sweep that asks the platform, and only once."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sweep_stage import write_catalog

from purveyor.dispatch import look_up
from purveyor.errors import CredentialsError
from purveyor.journal import Begin, Claimed, Ended, recall_outcome
from purveyor.outcome import Status
from purveyor.redaction import Redactor
from purveyor.reporter import open_reporter, open_survey
from purveyor.reporter.survey import SETTLED, UNFINISHED
from purveyor.run_identity import SWEEP, RunIdentity
from purveyor.settings import Settings
from purveyor.sweep import Search, Swept, SweptAction
from purveyor.sweep.telling import recall_context

if TYPE_CHECKING:
    from sweep_stage import Stage

NRN = "organization=4001:account=4002"
TWO_HOURS = 7200.0
GONE = "RUN_NOT_STARTED"
DATABASE: Any = {"database_name": "orders"}


def make_search(stage: Stage, **changes: object) -> Search:
    found = Search(
        open_survey=lambda: open_survey(stage.settings, Redactor(())),
        places=(NRN,),
        after=TWO_HOURS,
        statuses=UNFINISHED,
        serves=lambda service, link: (service, link) in SERVED,
        identity=RunIdentity(SWEEP, url="https://ci/sweep", host="sweeper"),
    )
    return dataclasses.replace(found, **changes)  # type: ignore[arg-type]  # named fields


SERVED = {("mysql-database", ""), ("mysql-database", "database-user")}


def sweep(stage: Stage, *, dry_run: bool = False, **changes: object) -> Swept:
    return stage.sweep(search=make_search(stage, **changes), dry_run=dry_run)


def ask(
    stage: Stage, specification: str = "mysql-database", *, ago: float = 3 * 3600
) -> tuple[str, str]:
    """Ask for a service some seconds ago; return the ids of the action and of the service."""
    service = str(stage.emulator.create_service(specification, name="orders-db")["id"])
    parameters = DATABASE if specification == "mysql-database" else {"queue_name": "orders"}
    return request(stage, service, "create", parameters, ago=ago), service


def request(
    stage: Stage, entity: str, action: str, parameters: Any = None, *, ago: float = 3 * 3600
) -> str:
    inner = stage.emulator.request_action(entity, action, parameters)["notification"]
    assert isinstance(inner, dict)
    stage.emulator.age_action(str(inner["id"]), ago)
    return str(inner["id"])


def status(stage: Stage, action: str) -> object:
    return stage.emulator.action(action)["status"]


def told_of(swept: Swept, action: str) -> SweptAction | None:
    return next((each for each in swept.actions if each.action == action), None)


def run_of(stage: Stage, action: str, service: str) -> Begin:
    """Return the begin with which a run would claim it."""
    shown = stage.emulator.action(action)
    identity = RunIdentity("github", run="200", project="acme/infra", host="runner-8")
    return Begin(
        action, 1, "digest", "service", service, service, str(shown["type"]), "", identity, 0.0
    )


@pytest.fixture(autouse=True)
def nobody_else(stage: Stage) -> None:
    """End what other tests have left on the platform, which they share."""
    for each in list(stage.emulator.platform.store.actions.values()):
        if not each.status.final:
            stage.emulator.cancel_action(each.id)


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


def test_the_specification_of_somebody_else_is_never_touched(stage: Stage) -> None:
    action, _ = ask(stage, "sqs-queue")
    swept = sweep(stage)
    assert told_of(swept, action) is None
    assert status(stage, action) == "pending"
    assert swept.platform is not None
    assert swept.platform.foreign >= 1


def test_one_that_waits_for_an_approval_is_not_touched_however_old(stage: Stage) -> None:
    action, service = ask(stage)
    stage.emulator.platform.store.actions[action].status = _word("pending_create")
    request(stage, service, "update", {"storage_gb": 50}, ago=0)
    assert told_of(sweep(stage), action) is None
    assert status(stage, action) == "pending_create"


def _word(text: str) -> Any:
    from purveyor.emulator.records import ActionStatus

    return ActionStatus(text)


def test_an_approval_of_a_moment_ago_starts_the_wait_anew(stage: Stage) -> None:
    action, _ = ask(stage)
    shown = stage.emulator.platform.store.actions[action]
    shown.updated_at = stage.emulator.platform.store.entities[shown.entity.id].updated_at
    assert told_of(sweep(stage), action) is None


def test_what_the_journal_knows_is_left_to_its_run(stage: Stage) -> None:
    action, service = ask(stage)
    begin = dataclasses.replace(run_of(stage, action, service), at=stage.ports().wall_clock())
    assert isinstance(stage.journal.claim(begin, is_dead=lambda _: None), Claimed)
    found = told_of(sweep(stage), action)
    assert found is not None
    assert found.done == "left alone"
    assert status(stage, action) == "pending"


def test_one_that_somebody_set_in_progress_is_lost_not_unbegun(stage: Stage) -> None:
    action, _ = ask(stage)
    shown = stage.emulator.platform.store.actions[action]
    shown.status = _word("in_progress")
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
    assert (found.entity, status(stage, action)) == (f"link {link}", "failed")


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
    assert reporter.end(recall_context(verdict.begin), outcome).heard
    assert status(stage, action) == "failed"


def test_a_run_that_starts_in_that_moment_has_the_action_or_finds_it_ended(stage: Stage) -> None:
    asked = [ask(stage) for _ in range(6)]
    runs = [run_of(stage, action, service) for action, service in asked]

    def start(begin: Begin) -> object:
        here = dataclasses.replace(begin, at=stage.ports().wall_clock())
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
        assert len(stage.emulator.requests(method="PATCH", path=_path(stage, action))) == 1
    assert stage.open() == []


def _path(stage: Stage, action: str) -> str:
    return f"/service/{stage.emulator.action(action)['service_id']}/action/{action}"


def test_a_sweep_that_was_lost_in_the_middle_is_finished_by_the_next(stage: Stage) -> None:
    action, service = ask(stage)
    lost = dataclasses.replace(
        run_of(stage, action, service), digest="", identity=make_search(stage).identity
    )
    old = dataclasses.replace(lost, at=stage.ports().wall_clock() - 400)
    assert isinstance(stage.journal.claim(old, is_dead=lambda _: None), Claimed)
    found = told_of(stage.sweep(), action)  # without a search: the journal knows it
    assert found is not None
    assert (found.attempt, found.done) == (2, f"reported as failed ({GONE})")
    assert (status(stage, action), stage.open()) == ("failed", [])


def test_a_run_that_followed_a_lost_sweep_keeps_the_action(stage: Stage) -> None:
    action, service = ask(stage)
    run = run_of(stage, action, service)
    now = stage.ports().wall_clock()
    swept = dataclasses.replace(run, digest="", identity=make_search(stage).identity, at=now - 400)
    stage.journal.claim(swept, is_dead=lambda _: None)
    followed = stage.journal.claim(
        dataclasses.replace(run, at=now), is_dead=lambda who: look_up(who, Settings({})).dead
    )
    assert isinstance(followed, Claimed)
    found = told_of(sweep(stage), action)
    assert found is not None
    assert (found.done, status(stage, action)) == ("left alone", "pending")


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
        return open_survey(Settings({}), Redactor(()))

    with pytest.raises(CredentialsError):
        refuse()
    swept = sweep(stage, open_survey=refuse)
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


def test_ending_one_takes_five_requests(stage: Stage) -> None:
    action, _ = ask(stage)
    stage.emulator.platform.recorder.clear()
    sweep(stage)
    looked = len(stage.emulator.requests())
    assert status(stage, action) == "failed"
    stage.emulator.platform.recorder.clear()
    sweep(stage)
    # What it is to do, the login, the action, the service, the report; and no more a list of it.
    assert looked - len(stage.emulator.requests()) <= 5 + 2


def test_the_catalog_says_what_it_serves(stage: Stage) -> None:
    from purveyor.catalog import load_catalog

    root = write_catalog(stage.catalog / "other", {"type": "local", "path": "s"})
    (root / "modules/mysql-database/links/default").mkdir(parents=True)
    catalog = load_catalog(root)
    assert catalog.serves("mysql-database")
    assert catalog.serves("mysql-database", "database-user")
    assert not catalog.serves("sqs-queue")
    assert not catalog.serves("../mysql-database")

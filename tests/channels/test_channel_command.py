"""`purveyor channel` against the emulated platform, as a person and a CI call it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from channel_fixtures import Company

    from vendor_double import VendorDouble

ACCOUNT = "organization=4001:account=4002"
GITHUB = ("github", "acme/catalog", "--installation-id", "12345678")
FILTERS = {"service.specification.slug": {"$in": ["mysql-database", "sqs-queue"]}}


def serve_more(company: Company) -> None:
    (company.catalog / "modules" / "redis" / "links").mkdir(parents=True)


def test_a_channel_is_made_from_the_catalog(company: Company) -> None:
    done = company.run("create", *GITHUB)
    assert done.code == 0
    assert done.err == (
        "created: 1 (github acme/catalog/provision.yml, Purveyor: acme/catalog/provision.yml)\n"
    )
    assert ["configuration.installation_id", "-", "12345678"] in done.rows
    channel = company.channel()
    assert (channel.nrn, channel.type, channel.source) == (ACCOUNT, "github", ["service"])
    assert channel.filters == FILTERS
    assert channel.configuration["workflow_id"] == "provision.yml"


def test_made_again_it_is_the_same_one(company: Company) -> None:
    company.run("create", *GITHUB)
    done = company.run("create", "github", "acme/catalog")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("unchanged: 1 (")
    assert company.numbers == [1]
    assert company.emulator.requests(method="PATCH") == []


def test_made_again_with_more_services_it_says_what_changes_and_waits_for_yes(
    company: Company,
) -> None:
    company.run("create", *GITHUB)
    serve_more(company)
    path = "filters.service.specification.slug.$in"
    change = [path, '["mysql-database", "sqs-queue"]', '["mysql-database", "redis", "sqs-queue"]']
    done = company.run("create", "github", "acme/catalog")
    assert (done.code, done.rows) == (2, [change])
    assert "--yes" in done.err
    assert company.channel().filters == FILTERS
    done = company.run("create", "github", "acme/catalog", "--yes")
    assert (done.code, done.rows) == (0, [change])
    assert "redis" in company.channel().filters["service.specification.slug"]["$in"]


def test_an_update_changes_what_is_named_and_nothing_else(company: Company) -> None:
    company.run("create", *GITHUB, "--description", "CI")
    done = company.run(
        "update", "1", "--reference", "prod", "--status", "inactive", "--yes", "--json"
    )
    assert done.code == 0
    assert done.document["done"] == "updated"
    assert done.document["changes"] == [
        {"what": "status", "now": "active", "wanted": "inactive"},
        {"what": "configuration.reference", "now": "main", "wanted": "prod"},
    ]
    [request] = company.emulator.requests(method="PATCH")
    body: Any = request["body"]
    assert set(body) == {"status", "configuration"}
    assert company.channel().description == "CI"
    assert company.channel().configuration["installation_id"] == "12345678"


def test_a_secret_header_comes_from_a_variable_and_is_shown_nowhere(company: Company) -> None:
    create = ("create", "http", "https://purveyor.example.com/")
    header = ("--header", "Authorization=env:RECEIVER")
    made = company.run(*create, *header, RECEIVER="Bearer geheim")
    assert made.code == 0
    assert company.channel().configuration["headers"] == {"Authorization": "Bearer geheim"}
    changed = company.run("update", "1", *header, "--yes", "--json", RECEIVER="Bearer neues")
    assert changed.document["changes"] == [
        {"what": "configuration.headers.Authorization", "now": "***", "wanted": "***"}
    ]
    assert company.channel().configuration["headers"] == {"Authorization": "Bearer neues"}
    kept = company.run("update", "1", "--description", "x", "--yes")
    shown = company.run("show", "1")
    listed = company.run("list", "--json")
    for each in (made, changed, kept, shown, listed):
        assert "geheim" not in each.out + each.err
        assert "neues" not in each.out + each.err
    assert company.channel().configuration["headers"] == {"Authorization": "Bearer neues"}


@pytest.mark.parametrize(
    "word", ["Authorization=geheim", "Authorization=env:UNSET", "a b=env:HOME"]
)
def test_a_header_that_is_no_variable_is_refused(company: Company, word: str) -> None:
    done = company.run("create", "http", "https://a.example/", "--header", word)
    assert (done.code, company.numbers) == (2, [])
    assert "geheim" not in done.err


@pytest.mark.parametrize("foreign", ["organization=4001", f"{ACCOUNT}:namespace=4003", ACCOUNT])
def test_a_second_channel_for_the_same_actions_is_refused(company: Company, foreign: str) -> None:
    number = company.emulator.create_channel("http://127.0.0.1:1/", nrn=foreign, description="old")
    done = company.run("create", *GITHUB)
    assert done.code == 13
    assert "github acme/catalog/provision.yml" in done.err
    assert (
        f"{number} (http http://127.0.0.1:1/, old) also takes mysql-database, sqs-queue" in done.err
    )
    assert company.numbers == [number]
    assert company.run("create", *GITHUB, "--beside", str(number)).code == 0


def test_an_update_is_held_against_doubles_too(company: Company) -> None:
    company.run("create", *GITHUB)
    narrow: Any = {"service.specification.slug": "redis"}
    company.emulator.create_channel("http://127.0.0.1:1/", nrn=ACCOUNT, filters=narrow)
    assert company.run("update", "1").code == 0
    serve_more(company)
    done = company.run("update", "1", "--yes")
    assert (done.code, "also takes redis" in done.err) == (13, True)


def test_channels_of_a_place_are_listed_with_those_above_and_below(company: Company) -> None:
    company.run("create", *GITHUB, "--description", "CI")
    for nrn in ("organization=4001", f"{ACCOUNT}:namespace=4003", "organization=4001:account=5"):
        company.emulator.create_channel("http://127.0.0.1:1/", nrn=nrn, status="inactive")
    rows = company.run("list").rows
    assert sorted(row[0] for row in rows) == ["1", "2", "3"]
    assert ["1", "github", "active", "acme/catalog/provision.yml", "CI", ACCOUNT] in rows
    shown = company.run("show", "1", "--json").document
    assert (shown["id"], shown["filters"]) == (1, FILTERS)


def test_a_delete_needs_a_yes(company: Company) -> None:
    company.run("create", *GITHUB)
    assert (company.run("delete", "1").code, company.numbers) == (2, [1])
    assert (company.run("delete", "1", "--yes").code, company.numbers) == (0, [])
    done = company.run("delete", "1", "--yes")
    assert (done.code, "1 was not found" in done.err) == (17, True)


def test_without_a_place_a_key_or_a_service_it_says_what_to_give(company: Company) -> None:
    assert "--nrn" in company.run("create", *GITHUB, PURVEYOR_NRN="").err
    done = company.run("list", NULLPLATFORM_API_KEY="")
    assert (done.code, "NULLPLATFORM_API_KEY" in done.err) == (16, True)
    (company.catalog / "purveyor.yaml").write_text("version: 1\n")
    (company.catalog / "modules" / "sqs-queue" / "main.tf").unlink()
    done = company.run("create", *GITHUB)
    assert (done.code, "serves no service" in done.err) == (11, True)


def test_a_creation_whose_answer_was_lost_is_not_tried_twice(company: Company) -> None:
    company.emulator.fault("lost_answer", method="POST", path="/notification/channel")
    assert company.run("create", *GITHUB).code == 17
    assert company.numbers == [1]
    assert company.run("create", *GITHUB).err.startswith("unchanged: 1 (")


def test_the_resource_is_printed_without_asking_the_platform(company: Company) -> None:
    done = company.run("export", "terraform", *GITHUB, NULLPLATFORM_API_KEY="")
    assert done.code == 0
    assert 'installation_id = "12345678"' in done.out
    assert company.emulator.requests() == []


def press(company: Company, action: str = "create") -> str:
    service = company.emulator.create_service()
    parameters = {"queue_name": "q"} if action == "create" else {}
    envelope: Any = company.emulator.request_action(str(service["id"]), action, parameters)
    company.emulator.wait_for_deliveries()
    return str(envelope["notification"]["id"])


def report(company: Company, *statuses: str) -> Any:
    """Return what a run does on the platform, with the status of each step."""

    def perform(_: Any) -> None:
        for action in company.emulator.platform.store.actions.values():
            for status in statuses:
                action.status = type(action.status)(status)

    return perform


LIMITS = ("--start-seconds", "0.3", "--end-seconds", "0.3")


def test_a_trial_tells_accepted_started_and_reported_back_apart(
    company: Company, double: VendorDouble
) -> None:
    press(company)
    company.run("create", *GITHUB)
    double.perform = report(company, "in_progress", "success")
    done = company.run("test", "1", "--yes", *LIMITS)
    assert (done.code, done.out) == (
        0,
        "accepted: HTTP 204\nstarted: success\nreported back: success\n",
    )
    assert len(double.starts) == 1


@pytest.mark.parametrize(
    "case",
    [
        (404, (), [], ("not accepted (HTTP 404)", "input `context`")),
        (0, (), ["accepted"], ("not started", "https://github.com/acme/catalog/actions")),
        (0, ("in_progress",), ["accepted", "started"], ("not reported back", "/actions")),
    ],
)
def test_a_stage_that_does_not_come_is_named_with_what_to_look_at(
    company: Company,
    double: VendorDouble,
    case: tuple[int, tuple[str, ...], list[str], tuple[str, ...]],
) -> None:
    refuse, statuses, stages, words = case
    press(company)
    company.run("create", *GITHUB)
    double.refuse, double.perform = refuse, report(company, *statuses)
    done = company.run("test", "1", "--yes", *LIMITS)
    assert (done.code, [line.partition(":")[0] for line in done.out.splitlines()]) == (17, stages)
    assert all(each in done.err for each in words), done.err


def test_a_trial_of_an_action_that_has_ended_sees_that_it_was_accepted(
    company: Company, double: VendorDouble
) -> None:
    press(company)
    company.run("create", *GITHUB)
    report(company, "success")(None)
    done = company.run("test", "1", "--json")
    assert done.code == 0
    assert '{"stage": "accepted", "seen": "HTTP 204"}' in done.out
    assert "no start" in done.out
    assert len(double.starts) == 1


def test_a_trial_takes_the_newest_notification_of_the_catalogs_services(
    company: Company, double: VendorDouble
) -> None:
    press(company)
    time.sleep(0.002)  # times have milliseconds
    newest = press(company)
    (company.catalog / "purveyor.yaml").write_text("version: 1\n")
    service = company.emulator.create_service("mysql-database")
    company.emulator.request_action(str(service["id"]), "create", {"database_name": "x"})
    company.run("create", *GITHUB)
    report(company, "failed")(None)
    done = company.run("test", "1")
    assert (done.code, f"action {newest}, create of" in done.err) == (0, True)
    assert newest in double.starts[0].context


def test_a_pending_action_is_carried_out_only_after_a_yes(
    company: Company, double: VendorDouble
) -> None:
    press(company)
    company.run("create", *GITHUB)
    assert (company.run("test", "1").code, double.starts) == (2, [])


def test_without_a_notification_it_says_how_to_get_one(company: Company) -> None:
    company.run("create", *GITHUB)
    done = company.run("test", "1")
    assert (done.code, "Press Create" in done.err) == (17, True)

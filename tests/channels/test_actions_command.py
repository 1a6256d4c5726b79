"""`purveyor actions list` and `show` against the emulated platform, beside a journal."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from action_fixtures import begin, end, kept, page, press, report

from purveyor import json_text
from purveyor.journal import ApprovalRequest
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from channel_fixtures import Company

    from vendor_double import VendorDouble

GITHUB = ("github", "acme/catalog", "--installation-id", "12345678")


def test_actions_of_the_catalogs_services_are_listed_the_newest_first(company: Company) -> None:
    first = press(company)
    end(company, first)
    report(company, first, "failed")
    time.sleep(0.002)  # times have milliseconds
    newest = press(company)
    rows = company.call("actions", "list").rows
    assert [row[6] for row in rows] == [newest, first]
    assert [rows[1][1], *rows[1][3:6]] == ["failed", "QUOTA_EXCEEDED", "orders", "create"]
    assert re.fullmatch(r"\d+ s", rows[1][2])
    assert rows[1][-2:] == ["developer@example.com", "https://ci/100"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", rows[0][0])


def test_those_of_other_catalogs_are_not_listed(company: Company) -> None:
    (company.catalog / "purveyor.yaml").write_text("version: 1\n")
    service = company.emulator.create_service("mysql-database")
    company.emulator.request_action(str(service["id"]), "create", {"database_name": "x"})
    done = company.call("actions", "list")
    assert (done.code, done.out) == (0, "")


def test_a_list_is_narrowed_by_status_age_and_service(company: Company) -> None:
    failed, old, waiting = (press(company) for _ in range(3))
    report(company, failed, "failed")
    company.emulator.age_action(old, 3 * 86400)
    company.emulator.park_action(waiting)
    store = company.emulator.platform.store

    def listed(*words: str) -> set[str]:
        out = company.call("actions", "list", "--json", *words).out
        rows: Any = [json_text.parse(line) for line in out.splitlines()]
        return {each["action"] for each in rows}

    assert listed() == {failed, old, waiting}
    assert listed("--since", "1d") == {failed, waiting}
    assert listed("--status", "open") == {old, waiting}
    assert listed("--status", "failed") == {failed}
    assert listed("--service", store.actions[old].entity.id) == {old}


def test_a_page_tells_who_asked_what_ran_and_what_came_back(
    company: Company, double: VendorDouble
) -> None:
    company.run("create", *GITHUB)
    action = press(company)
    end(company, action, "DONE", 0)
    report(company, action, "success", "Created.", queue_url="https://sqs/1")
    shown = page(company, action[:8])
    assert (shown["by"], shown["status"], shown["reason"]) == (
        *("developer@example.com", "success", "DONE"),
    )
    assert shown["parameters"] == {"queue_name": "orders"}
    assert shown["results"] == {"queue_url": "https://sqs/1"}
    assert shown["deliveries"] == ["channel 1 (github): success, HTTP 204"]
    assert shown["attempt"]["run_url"] == "https://ci/100"
    assert (shown["attempt"]["module"], shown["attempt"]["engine"]) == (
        *("modules/sqs-queue", "OpenTofu 1.9.0"),
    )
    assert shown["messages"] == ["info: Created."]
    text = company.call("actions", "show", action).out
    for words in ("queue_name: orders", "- channel 1 (github): success", "- info: Created."):
        assert words in text
    assert len(double.starts) == 1


def test_a_failure_is_explained_with_what_to_do(company: Company) -> None:
    action = press(company)
    end(company, action)
    report(company, action, "failed")
    shown = page(company, action)
    assert shown["why"] == "The cloud account has reached a limit."
    assert shown["next"] == "Ask for a higher limit."


def test_a_service_stands_for_its_last_action(company: Company) -> None:
    first = press(company)
    report(company, first, "in_progress")
    report(company, first, "success")
    entity = company.emulator.platform.store.actions[first].entity
    time.sleep(0.002)
    newest: Any = company.emulator.request_action(entity.id, "delete", {})
    for words in (entity.id, entity.slug):
        assert page(company, words)["action"] == newest["notification"]["id"]


def park(company: Company, action: str) -> None:
    request = ApprovalRequest("seed", time.time(), 3600.0)
    kept(company).approvals.ask(begin(company, action), request)
    report(company, action, "in_progress")


@pytest.mark.parametrize(
    ("happen", "status", "words"),
    [
        (lambda c, a: c.emulator.park_action(a), "pending_create", "waits for its approval"),
        (lambda c, a: c.emulator.deny_action(a), "withdrawn", "denied or withdrawn"),
        (lambda c, a: c.emulator.cancel_action(a), "cancelled", "The platform ended it"),
        (lambda _, __: None, "pending", "purveyor actions resend {}"),
        (lambda c, a: report(c, a, "in_progress"), "in_progress", "purveyor sweep"),
        (park, "in_progress", "purveyor approve {}"),
        (lambda c, a: end(c, a, "RETAINED", 19), "pending", "may still exist"),
    ],
)
def test_what_does_not_go_on_is_explained(
    company: Company, happen: Any, status: str, words: str
) -> None:
    action = press(company)
    happen(company, action)
    shown = page(company, action)
    assert shown["status"] == status
    assert words.format(action) in f"{shown['why']} {shown['next']}"


def test_an_archived_service_is_explained(company: Company) -> None:
    seed: Any = {
        "specifications": [
            {
                "slug": "sqs-queue",
                "attributes": {"type": "object", "properties": {}},
                "actions": [{"slug": "archive-it", "type": "archive"}],
            }
        ]
    }
    with Emulator.running(seed=seed) as emulator:
        company = dataclasses.replace(company, emulator=emulator)
        service = emulator.create_service(status="active")
        envelope: Any = emulator.request_action(str(service["id"]), "archive-it")
        action = envelope["notification"]["id"]
        report(company, action, "success")
        end(company, action, "DONE", 0)
        assert "what was built stays" in page(company, action)["why"]


def test_without_a_journal_a_page_tells_what_the_platform_knows(company: Company) -> None:
    catalog = company.catalog / "purveyor.yaml"
    catalog.write_text("version: 1\nbackend: {type: http, address: 'https://127.0.0.1:1/{name}'}\n")
    action = press(company)
    done = company.call("actions", "show", action, "--json")
    assert (done.code, done.document["status"]) == (0, "pending")
    assert "keeps no journal" in done.err


def test_what_is_missing_is_said_with_a_next_step(company: Company) -> None:
    done = company.call("actions", "list", NULLPLATFORM_API_KEY="")
    assert (done.code, "NULLPLATFORM_API_KEY" in done.err) == (16, True)
    done = company.call("actions", "list", PURVEYOR_NRN="")
    assert (done.code, "--nrn" in done.err) == (2, True)
    done = company.call("actions", "show", "nowhere")
    assert (done.code, "purveyor actions list --since 30d" in done.err) == (19, True)
    company.emulator.fault("status", status=403, count=2, path="/notification*")
    done = company.call("actions", "list")
    assert (done.code, "roles" in done.err) == (17, True)


def test_what_no_specification_tells_is_masked(company: Company) -> None:
    action = press(company)
    company.emulator.fault("status", status=403, count=9, path="/action_specification/*")
    assert page(company, action)["parameters"] == {"queue_name": "***"}

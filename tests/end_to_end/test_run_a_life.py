"""One database from create to delete, with the real command, engine, states and platform calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_api_fixtures import run_ci_double
from pipeline import Pipeline, action_id, finish
from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = pytest.mark.engine
DATABASE: JsonObject = {
    "database_name": "orders",
    "storage_gb": 20,
    "engine_version": "8.0",
    "backups": {"enabled": True},
}


def states(catalog: Path) -> list[str]:
    root = catalog / ".purveyor" / "state"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.tfstate"))


def made_database(pipeline: Pipeline, **fields: str) -> str:
    assert pipeline.emulator is not None
    service = str(
        pipeline.emulator.create_service("mysql-database", name="orders-db", **fields)["id"]
    )
    done = pipeline.run(pipeline.emulator.request_action(service, "create", DATABASE))
    assert done.code == 0, done.stderr
    return service


def shown(emulator: Emulator, notification: JsonObject) -> JsonObject:
    return emulator.action(action_id(notification))


def test_a_database_lives_and_dies(pipeline: Pipeline, emulator: Emulator, catalog: Path) -> None:
    service = made_database(pipeline)
    assert emulator.entity("service", service)["status"] == "active"
    assert emulator.secret("service", service, "password")
    assert states(catalog) == [f"services/{service}/orders-db.tfstate"]

    link = str(emulator.create_link(service, name="checkout-orders")["id"])
    user = {"username": "checkout", "access": "write"}
    assert pipeline.run(emulator.request_action(link, "create", user)).code == 0
    assert emulator.entity("link", link)["status"] == "active"

    grown = pipeline.run(emulator.request_action(service, "update", {"storage_gb": 40}))
    assert grown.code == 0
    attributes = emulator.entity("service", service)["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["storage_gb"] == 40

    asked = emulator.request_action(link, "get-credentials")
    credentials = pipeline.run(asked)
    assert credentials.code == 0, credentials.stderr
    password = str(emulator.secret("link", link, "password"))
    sent = emulator.requests(method="PATCH", path=f"/link/{link}/action/{action_id(asked)}")
    assert password in json_text.write(sent)
    assert password not in credentials.stdout + credentials.stderr

    assert pipeline.run(emulator.request_action(link, "delete")).code == 0
    assert pipeline.run(emulator.request_action(service, "delete")).code == 0
    assert states(catalog) == []
    assert emulator.entity("service", service)["status"] == "deleted"


def test_a_bad_parameter_changes_nothing_and_every_fault_is_named(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = made_database(pipeline)
    before = (catalog / ".purveyor/state" / states(catalog)[0]).read_text()
    asked = emulator.request_action(service, "update")
    inner = asked["notification"]
    assert isinstance(inner, dict)
    inner["parameters"] = {"storage_gb": "lots", "backups": {"enabled": "yes"}}
    done = pipeline.run(asked)
    assert done.code == 12
    assert done.reason == "PARAMETER_INVALID"
    text = json_text.write(shown(emulator, asked)["messages"])
    assert "storage_gb" in text
    assert "backups.enabled" in text
    assert shown(emulator, asked)["status"] == "failed"
    assert (catalog / ".purveyor/state" / states(catalog)[0]).read_text() == before


def test_the_guard_stops_an_update_that_would_replace_the_database(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = made_database(pipeline)
    before = (catalog / ".purveyor/state" / states(catalog)[0]).read_text()
    asked = emulator.request_action(service, "update", {"database_name": "other"})
    done = pipeline.run(asked)
    assert done.code == 13
    assert done.reason == "GUARD_DENIED"
    text = json_text.write(shown(emulator, asked)["messages"])
    assert "terraform_data.database" in text
    assert "triggers_replace" in text
    assert (catalog / ".purveyor/state" / states(catalog)[0]).read_text() == before


def test_a_renamed_service_keeps_its_state(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = made_database(pipeline)
    asked = emulator.request_action(service, "update", {"storage_gb": 50})
    inner = asked["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["slug"] = "renamed-db"
    done = pipeline.run(asked)
    assert done.code == 0, done.stderr
    assert states(catalog) == [f"services/{service}/orders-db.tfstate"]


def test_an_update_without_a_state_is_never_a_success(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = made_database(pipeline)
    (catalog / ".purveyor/state" / states(catalog)[0]).unlink()
    for action in ("update", "delete"):
        asked = emulator.request_action(service, action)
        done = pipeline.run(asked)
        assert done.code == 19
        assert done.reason == "STATE_MISSING"
        assert shown(emulator, asked)["status"] == "failed"
    assert states(catalog) == []


def test_an_action_that_has_ended_is_not_run_again(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    assert pipeline.run(asked).code == 0
    before = (catalog / ".purveyor/state" / states(catalog)[0]).read_text()
    again = pipeline.run(asked)
    assert (again.code, again.reason) == (0, "NOTHING_TO_DO")
    assert (catalog / ".purveyor/state" / states(catalog)[0]).read_text() == before


def test_two_runs_on_one_service_at_once_both_end_well_and_build_once(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    built = catalog / "built"
    (catalog / "modules/mysql-database/slow.tf").write_text(
        'resource "terraform_data" "slow" {\n'
        f'  provisioner "local-exec" {{ command = "sleep 1; echo built >> {built}" }}\n'
        "}\n"
    )
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    first = pipeline.start(emulator.request_action(service, "create", DATABASE))
    second = pipeline.start(emulator.request_action(service, "create", DATABASE))
    ended = [finish(first), finish(second)]
    assert [each.code for each in ended] == [0, 0], [each.stderr for each in ended]
    assert built.read_text().splitlines() == ["built"]
    assert any("wait" in each.stderr.lower() for each in ended)


def test_without_reporting_the_platform_hears_nothing(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    done = pipeline.run(asked, "--no-report")
    assert done.code == 0
    assert shown(emulator, asked)["status"] == "pending"
    assert emulator.requests() == []


def test_no_secret_is_in_the_log(pipeline: Pipeline, emulator: Emulator) -> None:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    done = pipeline.run(emulator.request_action(service, "create", DATABASE))
    password = str(emulator.secret("service", service, "password"))
    assert len(password) > 8
    assert password not in done.stdout + done.stderr
    assert emulator.api_key not in done.stdout + done.stderr


def test_what_a_custom_action_gives_is_named_but_not_shown(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = made_database(pipeline)
    link = str(emulator.create_link(service, name="checkout-orders")["id"])
    assert pipeline.run(emulator.request_action(link, "create", {"username": "ann"})).code == 0
    done = pipeline.run(emulator.request_action(link, "get-credentials"))
    names = ("username", "password", "endpoint", "port")
    assert done.outcome["results"] == dict.fromkeys(names, "(private)")


def test_a_setting_that_is_no_number_ends_the_action(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    done = pipeline.run(asked, PURVEYOR_LOCK_TIMEOUT="soon")
    assert (done.code, done.reason) == (11, "CATALOG_INVALID")
    assert shown(emulator, asked)["status"] == "failed"


def test_a_plan_is_put_on_the_pull_request_once_and_renewed(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    with run_ci_double() as double:
        github = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF": "refs/pull/12/merge",
            "GITHUB_REPOSITORY": "acme/infra",
            "GITHUB_API_URL": double.url,
            "GITHUB_TOKEN": "t0ken-t0ken",
        }
        for _ in range(2):
            done = pipeline.run(asked, "--plan", "--comment", **github)
            assert done.code == 0, done.stderr
        (comment,) = double.github.comments
    assert "What would change" in str(comment["body"])
    assert "terraform_data.database" in str(comment["body"])
    elsewhere = pipeline.run(asked, "--plan", "--comment", GITHUB_ACTIONS="true")
    assert "this is no pipeline of a merge request" in elsewhere.stderr

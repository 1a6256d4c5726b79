"""What a success kept serves the entity when the catalog has forgotten it."""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251 - git makes the repository that a module comes from
import time
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, action_id, finish
from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]
DATABASE: JsonObject = {"database_name": "orders", "backups": {"enabled": True}}


def make_database(pipeline: Pipeline, emulator: Emulator) -> str:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    done = pipeline.run(emulator.request_action(service, "create", DATABASE))
    assert done.code == 0, done.stderr
    return service


def capsule_file(catalog: Path, service: str) -> Path:
    return catalog / f".purveyor/state/journal/entities/service/{service}/capsule.json"


def read_capsule(catalog: Path, service: str) -> JsonObject:
    read = json_text.parse(capsule_file(catalog, service).read_text())
    assert isinstance(read, dict)
    return read


def forget(catalog: Path) -> None:
    """Take the module and its entry out of the catalog."""
    shutil.rmtree(catalog / "modules/mysql-database")
    text = (catalog / "purveyor.yaml").read_text()
    (catalog / "purveyor.yaml").write_text(text[: text.index("services:")])


def without_parameters(notification: JsonObject) -> JsonObject:
    inner = notification["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["attributes"] = {}
    inner["parameters"] = {}
    return notification


def states(catalog: Path) -> list[str]:
    return [path.name for path in (catalog / ".purveyor/state/services").rglob("*.tfstate")]


def test_a_forgotten_service_is_updated_and_deleted_as_it_was_built(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = make_database(pipeline, emulator)
    kept = read_capsule(catalog, service)
    assert kept["path"] == "modules/mysql-database"
    assert kept["protect"] == ["terraform_data.database"]
    assert kept["lineage"]
    assert kept["engine_version"]
    forget(catalog)

    updated = pipeline.run(emulator.request_action(service, "update", {"storage_gb": 40}))
    assert updated.code == 0, updated.stderr
    assert updated.reason == "DONE"
    assert "kept is used instead: module modules/mysql-database" in updated.stderr
    variables = read_capsule(catalog, service)["variables"]
    assert isinstance(variables, dict)
    assert (variables["database_name"], variables["storage_gb"]) == ("orders", 40)
    refused = pipeline.run(emulator.request_action(service, "update", {"database_name": "other"}))
    assert (refused.code, refused.reason) == (13, "GUARD_DENIED")


def test_a_forgotten_service_without_parameters_is_deleted(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = make_database(pipeline, emulator)
    forget(catalog)
    asked = without_parameters(emulator.request_action(service, "delete"))
    deleted = pipeline.run(asked, NULLPLATFORM_API_KEY="")
    assert deleted.code == 17, deleted.stderr
    assert deleted.reason == "DONE"
    assert states(catalog) == []
    assert "No module serves" in json_text.write(deleted.outcome["details"])
    assert read_capsule(catalog, service)["deleted_at"]


def test_a_delete_whose_parameters_are_gone_takes_them_from_the_capsule(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = make_database(pipeline, emulator)
    # `database_name` is not nullable: without the capsule a delete would be refused.
    asked = without_parameters(emulator.request_action(service, "delete"))
    deleted = pipeline.run(asked, NULLPLATFORM_API_KEY="")
    assert (deleted.code, deleted.reason) == (17, "DONE"), deleted.stderr
    assert states(catalog) == []


def test_no_secret_lies_in_a_capsule(pipeline: Pipeline, emulator: Emulator, catalog: Path) -> None:
    (catalog / "modules/mysql-database/secrets.tf").write_text(
        'variable "seed" {\n  type = string\n  sensitive = true\n}\n'
        'variable "admin_password" {\n  type = string\n}\n'
    )
    text = (catalog / "purveyor.yaml").read_text()
    defaults = "defaults: {seed: tulip-field, admin_password: windmill-sail, "
    (catalog / "purveyor.yaml").write_text(text.replace("defaults: {", defaults))
    service = make_database(pipeline, emulator)
    kept = capsule_file(catalog, service)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "tulip-field" not in kept.read_text()
    assert "windmill-sail" not in kept.read_text()
    assert read_capsule(catalog, service)["withheld"] == ["admin_password", "seed"]


def test_what_was_deleted_before_needs_no_second_delete(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = make_database(pipeline, emulator)
    first = emulator.request_action(service, "delete")
    again = under_another_id(first)
    assert pipeline.run(first).code == 0
    done = pipeline.run(again, NULLPLATFORM_API_KEY="")
    assert (done.code, done.reason) == (17, "NOTHING_TO_DO"), done.stderr
    assert "it was deleted before" in str(done.outcome["message"])


def test_what_was_refused_before_it_began_has_nothing_to_update_or_delete(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("mysql-database", name="never")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    assert pipeline.run(asked, PATH="/nowhere").reason == "ENGINE_NOT_FOUND"
    entity = emulator.platform.store.any_entity(service)
    emulator.platform.store.change_entity(entity, {"status": "active"})
    early = pipeline.run(emulator.request_action(service, "update", {"storage_gb": 30}))
    gone = pipeline.run(emulator.request_action(service, "delete"))
    assert (gone.code, gone.reason) == (0, "NOTHING_TO_DO"), gone.stderr
    assert "nothing was ever created" in str(gone.outcome["message"])
    assert (early.code, early.reason) == (12, "NOT_CREATED")
    assert "nothing was ever created" in str(early.outcome["message"])
    assert emulator.entity("service", service)["status"] == "deleted"


def under_another_id(notification: JsonObject) -> JsonObject:
    """Return the same request under another action's id."""
    copied = json_text.parse(json_text.write(notification))
    assert isinstance(copied, dict)
    assert isinstance(copied["notification"], dict)
    copied["notification"]["id"] = "00000000-0000-4000-8000-000000000001"
    return copied


def test_a_lost_state_is_not_taken_for_nothing(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = make_database(pipeline, emulator)
    for path in (catalog / ".purveyor/state/services").rglob("*.tfstate"):
        path.unlink()
    done = pipeline.run(emulator.request_action(service, "delete"))
    assert (done.code, done.reason) == (19, "STATE_MISSING"), done.stderr


def test_a_state_of_another_life_is_not_destroyed(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = make_database(pipeline, emulator)
    (path,) = (catalog / ".purveyor/state/services").rglob("*.tfstate")
    state = json_text.parse(path.read_text())
    assert isinstance(state, dict)
    path.write_text(json_text.write({**state, "lineage": "another"}))
    done = pipeline.run(emulator.request_action(service, "delete"))
    assert (done.code, done.reason) == (19, "STATE_FOREIGN"), done.stderr
    assert path.exists()


@pytest.mark.one_engine
def test_a_run_out_of_time_stops_in_order_and_says_so(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    (catalog / "modules/mysql-database/slow.tf").write_text(
        'resource "terraform_data" "slow" {\n'
        '  provisioner "local-exec" { command = "exec sleep 60" }\n'
        "}\n"
    )
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    began = time.monotonic()
    done = finish(pipeline.start(asked, "--timeout", "4"))
    assert time.monotonic() - began < 30
    assert (done.code, done.reason) == (18, "TIMED_OUT"), done.stderr
    assert emulator.action(action_id(asked))["status"] == "failed"
    assert states(catalog) == ["orders-db.tfstate"]


@pytest.mark.one_engine
def test_a_time_limit_that_is_no_number_is_told_to_the_platform(
    pipeline: Pipeline, emulator: Emulator
) -> None:
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    asked = emulator.request_action(service, "create", DATABASE)
    done = pipeline.run(asked, PURVEYOR_TIMEOUT="1h")
    assert (done.code, done.reason) == (11, "CATALOG_INVALID")
    assert emulator.action(action_id(asked))["status"] == "failed"


@pytest.mark.one_engine
def test_a_module_whose_repository_is_gone_is_taken_from_the_capsule(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, tmp_path: Path
) -> None:
    repository, git = tmp_path / "repository", shutil.which("git") or "git"
    shutil.move(catalog / "modules/mysql-database", repository)
    for command in ("init -q", "add .", "commit -q -m module", "tag v1"):
        names = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
        subprocess.run([git, "-C", repository, *names, *command.split()], check=True)
    text = (catalog / "purveyor.yaml").read_text()
    entry = f'  mysql-database:\n    module: "git::file://{repository}?ref=v1"\n'
    (catalog / "purveyor.yaml").write_text(text.replace("  mysql-database:\n", entry))
    service = make_database(pipeline, emulator)
    shutil.rmtree(repository)
    deleted = pipeline.run(emulator.request_action(service, "delete"))
    assert (deleted.code, deleted.reason) == (0, "DONE"), deleted.stderr
    assert "The copy kept on" in deleted.stderr
    assert states(catalog) == []

"""What a module lets go of without destroying it is never told as deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, action_id
from warm_commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Finished
    from purveyor.engines.binary import EngineBinary
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = pytest.mark.engine
VARIABLES = """
variable "database_name" { type = string }
variable "backups" { default = null }
variable "stage" { default = 0 }
"""
PAIR = f"""{VARIABLES}
resource "terraform_data" "kept" {{
  input = var.database_name
}}
resource "terraform_data" "other" {{ input = var.database_name }}
"""
REMOVED = f"""{VARIABLES}
removed {{
  from = terraform_data.kept
  lifecycle {{ destroy = false }}
}}
resource "terraform_data" "other" {{ input = var.database_name }}
"""
ASKED: JsonObject = {"database_name": "orders", "backups": {"enabled": True}}


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog with one module."""
    folder = tmp_path / "catalog"
    (folder / "modules/one").mkdir(parents=True)
    return folder


def write(catalog: Path, module: str) -> None:
    (catalog / "modules/one/main.tf").write_text(module)
    (catalog / "purveyor.yaml").write_text(
        "version: 1\nbackend: {type: local, path: states}\n"
        "services: {mysql-database: {module: modules/one}}\n"
    )


def create(pipeline: Pipeline, emulator: Emulator) -> str:
    service = str(emulator.create_service("mysql-database", name="orders")["id"])
    made = pipeline.run(emulator.request_action(service, "create", ASKED))
    assert made.code == 0, made.stderr
    return service


def delete(pipeline: Pipeline, emulator: Emulator, service: str) -> Finished:
    asked = emulator.request_action(service, "delete", {})
    done = pipeline.run(asked)
    assert emulator.action(action_id(asked))["status"] == done.outcome["status"]
    return done


def settle(pipeline: Pipeline, service: str) -> str:
    words = ["state", "settle", f"service/{service}", "--reason", "deleted by hand"]
    done = run_command(*words, cwd=pipeline.catalog, env=pipeline.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_retained(done: Finished) -> None:
    assert (done.code, done.reason) == (19, "RETAINED"), done.stderr
    assert done.outcome["details"] == ["terraform_data.kept was let go of"]
    assert "not wholly deleted: 1 of its objects may still exist" in str(done.outcome["message"])


def test_an_update_that_lets_go_says_so_and_no_delete_calls_it_deleted(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    write(catalog, PAIR)
    service = create(pipeline, emulator)
    write(catalog, REMOVED)

    updated = pipeline.run(emulator.request_action(service, "update", {}))

    assert updated.code == 0, updated.stderr
    assert str(updated.outcome["message"]).endswith(": 1 no longer managed.")
    assert updated.outcome["changes"] == [{"address": "terraform_data.kept", "verb": "forget"}]
    first = delete(pipeline, emulator, service)
    assert_retained(first)
    assert first.outcome["changes"] == [{"address": "terraform_data.other", "verb": "delete"}]
    assert str(first.outcome["state_key"]).startswith("services/")
    for _ in range(2):
        assert_retained(delete(pipeline, emulator, service))
    assert "terraform_data.kept" in settle(pipeline, service)
    assert "Nothing was in doubt" in settle(pipeline, service)
    closed = delete(pipeline, emulator, service)
    assert (closed.code, closed.reason) == (0, "NOTHING_TO_DO"), closed.stderr


def test_a_deletion_that_lets_go_ends_retained_every_time(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, engine: EngineBinary
) -> None:
    if engine.name == "terraform":
        pytest.skip("only OpenTofu 1.12 and later know `lifecycle { destroy = false }`")
    write(catalog, PAIR.replace('"kept" {', '"kept" {\n  lifecycle { destroy = false }'))
    service = create(pipeline, emulator)

    first = delete(pipeline, emulator, service)

    assert_retained(first)
    assert first.outcome["changes"] == [
        {"address": "terraform_data.other", "verb": "delete"},
        {"address": "terraform_data.kept", "verb": "forget"},
    ]
    for _ in range(2):
        assert_retained(delete(pipeline, emulator, service))


@pytest.mark.slow
def test_a_refused_deletion_is_told_so_every_time_and_the_state_stays(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    write(catalog, PAIR.replace('"kept" {', '"kept" {\n  lifecycle { prevent_destroy = true }'))
    service = create(pipeline, emulator)

    for _ in range(3):
        done = delete(pipeline, emulator, service)
        assert (done.code, done.outcome["status"]) == (13, "failed"), done.stderr
        assert len(list((catalog / "states/services").rglob("*.tfstate"))) == 1


def test_a_failed_update_tells_what_was_done_before(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    write(catalog, PAIR)
    service = create(pipeline, emulator)
    fails = """
resource "terraform_data" "fails" {
  depends_on = [terraform_data.fresh]
  provisioner "local-exec" { command = "exit 3" }
}
resource "terraform_data" "fresh" {}
"""
    write(catalog, REMOVED + fails)

    asked = emulator.request_action(service, "update", {})
    failed = pipeline.run(asked)

    assert failed.outcome["status"] == "failed"
    assert "Done before it failed: 1 created, 1 no longer managed." in failed.stderr
    assert f"State: {failed.outcome['state_key']}" in failed.stderr
    told = str(emulator.action(action_id(asked))["messages"])
    assert "1 created, 1 no longer managed before it failed." in told
    assert "tfstate" not in told
    changes = failed.outcome["changes"]
    assert isinstance(changes, list)
    assert {"address": "terraform_data.fresh", "verb": "create"} in changes
    assert {"address": "terraform_data.kept", "verb": "forget"} in changes
    assert str(failed.outcome["state_key"]).startswith("services/")
    # What it let go of is remembered though it failed.
    assert_retained(delete(pipeline, emulator, service))

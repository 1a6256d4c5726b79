"""`run --plan`: what an action would change is told, and nothing anywhere is changed."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from journal_fixtures import make_begin
from pipeline import Finished, Pipeline, action_id
from purveyor import json_text
from purveyor.backends.stores.local import FolderStore
from purveyor.journal import Journal
from purveyor_emulator import Emulator
from service_fixtures import OwnService, attribute
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

ROOT = Path(__file__).parents[2]
SCHEMA: Any = json_text.parse((ROOT / "docs/reference/plan.schema.json").read_text())
PASSWORD = "c4nary-pl4nned-pass"
MODULE = """
variable "size" { type = string }
variable "zone" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "database" {
  input            = var.size
  triggers_replace = [var.zone, sha256(var.password)]
}
output "zone" { value = var.zone }
output "id" { value = terraform_data.database.id }
output "password" {
  value     = var.password
  sensitive = true
}
"""
REPORT = """
variable "at" { type = string }
resource "terraform_data" "report" { input = var.at }
"""
CATALOG = """
version: 1
backend: {type: local}
services:
  thing:
    steps:
      - name: database
        module: modules/thing
        guard: {protect: [terraform_data.database]}
      - name: seed
        command: {run: [./seed], plan: [./seed, plan]}
      - name: report
        module: modules/report
        compute: {at: "{{ steps.database.outputs.zone }}"}
      - name: index
        module: modules/index
        compute: {at: "{{ steps.database.outputs.id }}"}
      - name: answers
        verify: true
        command: {run: [./seed]}
"""
SEED = """#!/bin/sh
cat > /dev/null
echo "seeding %s" >&2
test "$1" = plan || touch seeded
if test -e seeded; then changes=; else changes='{"address": "rows", "verb": "create"}'; fi
printf '{"changes": [%%s]}' "$changes" > "$PURVEYOR_RESULT"
"""


PROGRAMS = """
version: 1
backend: {type: local}
services:
  thing:
    steps:
      - {name: seed, command: {run: [./seed], plan: [./seed, plan], undo: [rm, -f, seeded]}}
      - {name: more, command: {run: [./seed]}}
"""


@pytest.fixture
def service(tmp_path: Path, tofu: Path, clean_environment: dict[str, str]) -> Iterator[OwnService]:
    folder = tmp_path / "catalog"
    for name, text in (("thing", MODULE), ("report", REPORT), ("index", REPORT)):
        (folder / "modules" / name).mkdir(parents=True)
        (folder / "modules" / name / "main.tf").write_text(text)
    (folder / "purveyor.yaml").write_text(CATALOG)
    (folder / "seed").write_text(SEED % PASSWORD)
    (folder / "seed").chmod(0o755)
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    both = ("create", "update")
    properties: JsonObject = {
        "size": attribute("string", *both),
        "zone": attribute("string", *both),
        "password": attribute("string", *both, secret=True),
    }
    schema: JsonObject = {"type": "object", "properties": properties}
    with Emulator.running(seed={"specifications": [{"slug": "thing", "attributes": schema}]}) as e:
        entity = str(e.create_service("thing", name="news")["id"])
        yield OwnService(Pipeline(folder, environment, e), e, entity)


def plan(service: OwnService, wanted: JsonObject, *arguments: str) -> Finished:
    """Plan, and see that nothing anywhere is another than before."""
    before = look_at_all(service)
    done = service.pipeline.run(wanted, "--plan", *arguments)
    assert look_at_all(service) == before
    assert PASSWORD not in done.stdout + done.stderr
    jsonschema.validate(done.outcome, SCHEMA)
    return done


def look_at_all(service: OwnService) -> dict[str, object]:
    """Return every file and folder with its bytes, and all that the platform shows and was told."""
    root = service.pipeline.catalog
    kept = [root, *(root.parent / "cache" / name for name in ("runs", "recovery"))]
    found: dict[str, object] = {
        str(path): path.read_bytes() if path.is_file() else None
        for folder in kept
        for path in folder.rglob("*")
    }
    told = [each for each in service.emulator.requests() if each["method"] not in {"GET", "POST"}]
    return {**found, "platform": (service.emulator.view(), told)}


def tell(done: Finished) -> dict[str, Any]:
    steps: Any = done.outcome["steps"]
    return {
        each["step"]: each["unknown"] or [(c["verb"], c["address"]) for c in each["changes"]]
        for each in steps
    }


ASKED: dict[str, Any] = {"size": "small", "zone": "a", "password": PASSWORD}


def ask_update(service: OwnService, **asked: str) -> JsonObject:
    wanted: JsonObject = {"password": PASSWORD, **asked}
    return service.emulator.request_action(service.id, "update", wanted)


def test_a_plan_tells_each_step_of_a_life_and_changes_nothing(service: OwnService) -> None:
    create = service.emulator.request_action(service.id, "create", ASKED)
    done = plan(service, create)
    waits = "it needs what the step database gives, which has not run"
    assert done.code == 0, done.stderr
    assert tell(done) == {
        "database": [("create", "terraform_data.database")],
        "seed": waits,
        "report": [("create", "terraform_data.report")],
        "index": waits,
        "answers": waits,
    }
    assert "1 created" not in done.stdout
    assert service.pipeline.run(create).code == 0

    again = plan(service, create)  # the platform says that it has ended
    assert tell(again)["seed"] == []
    assert tell(again)["answers"] == "it cannot be told before it runs"
    assert tell(plan(service, ask_update(service, size="large"))) == {
        "database": [("update", "terraform_data.database")],
        "seed": [],
        "report": [],
        "index": [],
        "answers": "it cannot be told before it runs",
    }


@pytest.mark.slow
def test_what_a_run_would_refuse_fails_the_plan_with_its_code(service: OwnService) -> None:
    create = service.emulator.request_action(service.id, "create", ASKED)
    assert service.pipeline.run(create).code == 0
    moved = plan(service, ask_update(service, zone="b"))
    assert (moved.code, moved.reason) == (13, "GUARD_DENIED")
    assert moved.outcome["steps"] == []

    done = service.pipeline.run(service.emulator.request_action(service.id, "delete"), "--plan")
    assert tell(done) == {
        "index": [("delete", "terraform_data.report")],
        "report": [("delete", "terraform_data.report")],
        "database": [("delete", "terraform_data.database")],
    }


def test_people_read_a_line_for_each_change(service: OwnService) -> None:
    done = run_command(
        *("run", "--plan", "--context", "-"),
        cwd=service.pipeline.catalog,
        env={**service.pipeline.environment, **service.emulator.environment()},
        stdin=json_text.write(service.emulator.request_action(service.id, "create", ASKED)),
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("database opentofu 1.")
    assert lines[1:4] == [
        "    + create   terraform_data.database",
        "seed",
        "    ? unknown  it needs what the step database gives, which has not run",
    ]
    assert "2 created, 3 of 5 steps unknown. Nothing was changed." in done.stderr


def test_what_a_lost_run_left_in_doubt_is_no_plan(service: OwnService) -> None:
    create = service.emulator.request_action(service.id, "create", ASKED)
    lost = dataclasses.replace(make_begin(action=action_id(create)), entity=service.id)
    store = FolderStore(service.pipeline.catalog / ".purveyor/state")
    Journal(store, time.time).markers.put(lost, at=7.0)
    assert plan(service, create).reason == "NEEDS_RECOVERY"


def test_a_delete_whose_state_is_missing_has_no_plan(service: OwnService) -> None:
    create = service.emulator.request_action(service.id, "create", ASKED)
    inner = create["notification"]
    assert isinstance(inner, dict)
    delete: JsonObject = {**create, "notification": {**inner, "id": "by-hand", "type": "delete"}}
    done = plan(service, delete, "--no-report")
    assert (done.code, done.reason, done.outcome["steps"]) == (19, "STATE_MISSING", [])


def test_a_service_of_programs_alone_is_planned_whatever_a_lost_run_has_left(
    service: OwnService,
) -> None:
    (service.pipeline.catalog / "purveyor.yaml").write_text(PROGRAMS)
    create = service.emulator.request_action(service.id, "create", {})
    lost = dataclasses.replace(make_begin(action="lost"), entity=service.id)
    store = FolderStore(service.pipeline.catalog / ".purveyor/state")
    Journal(store, time.time).markers.put(lost, at=7.0, repeatable=True)
    waits = "it needs what the step seed gives, which has not run"
    assert tell(plan(service, create)) == {"seed": [("create", "rows")], "more": waits}
    assert service.pipeline.run(create).code == 0

    update = service.emulator.request_action(service.id, "update", {})
    assert tell(plan(service, update)) == {"seed": [], "more": "it cannot be told before it runs"}
    delete = service.emulator.request_action(service.id, "delete")
    assert plan(service, delete).code == 0
    assert service.pipeline.run(delete).code == 0

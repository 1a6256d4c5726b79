"""From a module to a service: specifications are made, brought to the platform, and ordered by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor_emulator import Emulator
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject

pytestmark = pytest.mark.engine


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that knows no service yet."""
    with Emulator.running(seed={"specifications": []}) as running:
        yield running


def spec(pipeline: Pipeline, *words: str) -> tuple[int, Any]:
    assert pipeline.emulator is not None
    platform = {**pipeline.emulator.environment(), "PURVEYOR_NRN": pipeline.emulator.nrn}
    done = run_command(
        "spec", *words, cwd=pipeline.catalog, env={**pipeline.environment, **platform}
    )
    return done.returncode, json_text.parse(done.stdout) if "--json" in words else done.stdout


LIVES: list[tuple[str, JsonObject, JsonObject]] = [
    ("mysql-database", {"database_name": "orders"}, {"storage_gb": 40}),
    ("sqs-queue", {"queue_name": "orders"}, {"visibility_timeout": 60}),
]


@pytest.mark.parametrize(("slug", "asked", "changed"), LIVES, ids=[each[0] for each in LIVES])
def test_a_module_becomes_a_service_that_lives(
    slug: str, asked: JsonObject, changed: JsonObject, pipeline: Pipeline, emulator: Emulator
) -> None:
    assert spec(pipeline, "generate", slug)[0] == 0
    assert spec(pipeline, "check", slug)[0] == 0
    assert spec(pipeline, "push", slug)[0] == 0
    service = str(emulator.create_service(slug, name="orders")["id"])
    for action, parameters in (("create", asked), ("update", changed), ("delete", {})):
        done = pipeline.run(emulator.request_action(service, action, parameters))
        assert done.code == 0, done.stderr
    assert emulator.entity("service", service)["status"] == "deleted"


def test_one_change_is_found_and_pushed_and_nothing_else(pipeline: Pipeline, catalog: Path) -> None:
    assert spec(pipeline, "generate", "mysql-database")[0] == 0
    assert spec(pipeline, "push", "mysql-database")[0] == 0
    path = catalog / "specs/mysql-database/service-spec.json.tpl"
    document: Any = json_text.parse(path.read_text())
    document["attributes"]["schema"]["properties"]["storage_gb"]["type"] = "string"
    path.write_text(json_text.write(document, indent=2))
    code, said = spec(pipeline, "check", "mysql-database", "--json")
    (finding,) = said["findings"]
    assert (code, finding["rule"]) == (11, "type-differs")
    code, said = spec(pipeline, "push", "mysql-database", "--yes", "--json")
    rows = [row for each in said["specifications"] for row in each["changes"]]
    what = "attributes.schema.properties.storage_gb.type"
    assert (code, rows) == (0, [{"what": what, "now": "integer", "wanted": "string"}])
    code, said = spec(pipeline, "push", "mysql-database", "--json")
    assert {each["done"] for each in said["specifications"]} == {"unchanged"}

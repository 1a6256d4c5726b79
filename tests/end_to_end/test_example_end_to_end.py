"""Databases and caches with discovery, alarms and pagers: the example catalog from end to end."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from moto_server import MotoServer, run_moto
from pipeline import Pipeline, action_id
from purveyor import json_text
from purveyor_emulator import Emulator
from service_fixtures import hold_gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject, JsonValue

EXAMPLE = Path(__file__).parents[2] / "examples/end-to-end"
PLACE = "/tmp/purveyor-consul"
STAND_IN = """
resource "aws_ssm_parameter" "instance" {
  name  = "/servers/${var.name}"
  type  = "String"
  value = var.name
  tags  = { size = SIZE }
}
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    for file in folder.rglob("purveyor.yaml"):
        file.write_text(file.read_text().replace(PLACE, f"{tmp_path}/consul"))
    return folder


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.running(seed=EXAMPLE / "seed.yaml") as running:
        yield running


@pytest.fixture
def platform(
    catalog: Path, emulator: Emulator, tmp_path: Path, tofu: Path, clean_environment: dict[str, str]
) -> Pipeline:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    return Pipeline(catalog, environment, emulator)


def ordered(platform: Pipeline, slug: str, environment: str, **asked: JsonValue) -> str:
    assert platform.emulator is not None
    dimensions: JsonObject = {"environment": environment}
    made = platform.emulator.create_service(slug, name="Orders of 2026", dimensions=dimensions)
    entity = str(made["id"])
    press(platform, entity, "create", **asked)
    hold_gate(platform, entity)
    return entity


def press(platform: Pipeline, entity: str, action: str, **asked: JsonValue) -> JsonObject:
    """Carry an action out, and return what the platform shows of it."""
    assert platform.emulator is not None
    wanted = platform.emulator.request_action(entity, action, asked)
    done = platform.run(wanted)
    assert (done.code, done.outcome.get("platform_heard")) == (0, True), done.stderr
    return platform.emulator.action(action_id(wanted))


def attributes(platform: Pipeline, kind: str, entity: str) -> JsonObject:
    assert platform.emulator is not None
    found = platform.emulator.entity(kind, entity)["attributes"]
    assert isinstance(found, dict)
    return found


def registered(platform: Pipeline, account: str) -> list[str]:
    return sorted(each.stem for each in (platform.catalog.parent / "consul" / account).iterdir())


def test_a_database_is_found_watched_and_linked_until_it_goes(
    platform: Pipeline, emulator: Emulator
) -> None:
    database = ordered(platform, "platform-database", "production", team="payments")
    shown = attributes(platform, "service", database)
    (name,) = registered(platform, "production")
    assert name.startswith("orders-of-2026-")
    assert shown["discovered_as"] == f"{name}.service.consul"
    assert shown["monitors"] == [f"{name}-CPUUtilization", f"{name}-DatabaseConnections"]
    assert shown["paged"] == "payments"

    press(platform, database, "update", storage_gb=100)
    hold_gate(platform, database)
    found = press(platform, database, "look-up")["results"]
    assert isinstance(found, dict)
    assert found["tags"] == "database, production, payments"

    link = str(emulator.create_link(database, "database-connection", name="checkout")["id"])
    press(platform, link, "create")
    hold_gate(platform, link)
    assert attributes(platform, "link", link)["address"] == f"{name}.service.consul:3306"
    assert len(str(emulator.secret("link", link, "password"))) == 32

    press(platform, link, "delete")
    press(platform, database, "delete")
    assert registered(platform, "production") == []


@pytest.mark.slow
def test_the_dimensions_choose_the_account_and_one_edit_reaches_every_instance(
    platform: Pipeline,
) -> None:
    here = ordered(platform, "platform-database", "production", team="payments")
    there = ordered(platform, "platform-database", "staging", team="payments")
    cache = ordered(platform, "platform-cache", "staging", team="web", memory_mb=1024)
    assert [len(registered(platform, each)) for each in ("production", "staging")] == [1, 2]
    assert attributes(platform, "service", there)["paged"] == "nobody"

    module = platform.catalog / "modules/aws/rds/main.tf"
    module.write_text(module.read_text().replace("= 7\n", "= 30\n"))
    assert platform.emulator is not None
    changed = [
        platform.run(platform.emulator.request_action(each, "update", {})).outcome["changes"]
        for each in (here, there, cache)
    ]
    for changes in changed[:2]:
        (change,) = changes if isinstance(changes, list) else []
        assert isinstance(change, dict)
        assert change["address"] == "module.instance.terraform_data.instance"
    assert changed[2] == []
    hold_gate(platform, here)

    module.write_text(module.read_text().replace("= [var.name]", "= [var.name, 2]", 1))
    refused = platform.run(platform.emulator.request_action(here, "update", {}))
    assert refused.reason == "GUARD_DENIED"


def test_what_discovery_forgot_is_no_success(platform: Pipeline) -> None:
    cache = ordered(platform, "platform-cache", "staging", team="web")
    shutil.rmtree(platform.catalog.parent / "consul")
    assert platform.emulator is not None
    failed = platform.run(platform.emulator.request_action(cache, "update", {}))
    assert failed.code == 15
    assert "is not registered" in str(failed.outcome["details"])


def test_on_aws_offers_the_same() -> None:
    here, aws = (
        yaml.safe_load((EXAMPLE / name).read_text())
        for name in ("purveyor.yaml", "on-aws/purveyor.yaml")
    )
    here["services"]["platform-database"]["steps"][0]["guard"] = {"protect": ["aws_db_instance"]}
    assert here["services"] == aws["services"]
    declared = re.compile(r'^(?:variable|output) "\w+"', re.MULTILINE)
    for module in (EXAMPLE / "modules/aws").rglob("main.tf"):
        twin = EXAMPLE / "on-aws" / module.relative_to(EXAMPLE)
        assert declared.findall(module.read_text()) == declared.findall(twin.read_text())


def stand_in(module: Path, resource: str, size: str) -> None:
    """Let a parameter of SSM stand for a server, which the provider watches for over a minute."""
    block = re.compile(rf'resource "{resource}" "\w+" {{\n.*?\n}}\n', re.DOTALL)
    main, count = block.subn(lambda _: STAND_IN.replace("SIZE", size), module.read_text())
    assert count == 1
    main = re.sub(rf"{resource}\.\w+\.port", "1234", main)
    module.write_text(
        re.sub(rf"{resource}\.\w+\.[\w\[\].]+", "aws_ssm_parameter.instance.name", main)
    )


@pytest.fixture
def on_aws(
    platform: Pipeline, plugin_mirror: Path, tmp_path: Path
) -> Iterator[tuple[Pipeline, MotoServer]]:
    shutil.copytree(platform.catalog / "on-aws", platform.catalog, dirs_exist_ok=True)
    aws = platform.catalog / "modules/aws"
    stand_in(aws / "rds/main.tf", "aws_db_instance", "var.storage_gb")
    stand_in(aws / "elasticache/main.tf", "aws_elasticache_cluster", "local.node_type")
    with run_moto(tmp_path) as moto:
        moto.make_bucket("acme-tfstate")
        reach = {**moto.environment(), "PURVEYOR_PLUGIN_MIRROR": str(plugin_mirror)}
        yield Pipeline(platform.catalog, {**platform.environment, **reach}, platform.emulator), moto


@pytest.mark.aws_provider
@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_database_and_a_cache_live_and_die_on_aws(
    on_aws: tuple[Pipeline, MotoServer],
) -> None:
    platform, moto = on_aws
    database = ordered(platform, "platform-database", "production", team="payments")
    (name,) = registered(platform, "production")
    with moto.recording() as requests:
        press(platform, database, "update", storage_gb=50)
    assert "DeleteAlarms" not in json_text.write([each.body for each in requests])
    cache = ordered(platform, "platform-cache", "staging", team="web")
    assert attributes(platform, "service", database)["monitors"] == [
        f"{name}-CPUUtilization",
        f"{name}-DatabaseConnections",
    ]
    press(platform, cache, "delete")
    press(platform, database, "delete")
    assert registered(platform, "production") == registered(platform, "staging") == []

"""Services whose states lie under a company's own keys, and states that have moved elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from warm_commands import run_command

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - for the type
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
DATABASE: JsonObject = {
    "database_name": "orders",
    "storage_gb": 20,
    "engine_version": "8.0",
    "backups": {"enabled": True},
}
OWN = """
  keys:
    services: team/{service_id}/{service_slug}/terraform.tfstate
    links: team-links/{link_id}.tfstate
"""


def write_backend(catalog: Path, path: str, keys: str = "") -> None:
    """Let the catalog name another place; what else it says stays."""
    file = catalog / "purveyor.yaml"
    kept = file.read_text().partition("\nbackend:")[0]
    file.write_text(f"{kept}\nbackend:\n  type: local\n  path: {path}{keys or chr(10)}")


def states(catalog: Path, path: str = "here") -> list[str]:
    root = catalog / path
    return sorted(str(each.relative_to(root)) for each in root.rglob("*.tfstate"))


def renamed(notification: JsonObject) -> JsonObject:
    inner = notification["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["slug"] = "renamed"
    return notification


def state_command(pipeline: Pipeline, *words: str) -> subprocess.CompletedProcess[str]:
    return run_command("state", *words, cwd=pipeline.catalog, env=pipeline.environment)


def test_a_database_lives_and_dies_under_own_keys(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    write_backend(catalog, "here", OWN)
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    key = f"team/{service}/orders-db/terraform.tfstate"
    created = pipeline.run(emulator.request_action(service, "create", DATABASE))
    assert created.code == 0, created.stderr
    assert created.outcome["state_key"] == key
    assert states(catalog) == [key]

    link = str(emulator.create_link(service, name="checkout")["id"])
    user: JsonObject = {"username": "checkout", "access": "write"}
    linked = pipeline.run(emulator.request_action(link, "create", user))
    assert linked.code == 0, linked.stderr
    assert states(catalog) == sorted([key, f"team-links/{link}.tfstate"])

    grown = pipeline.run(renamed(emulator.request_action(service, "update", {"storage_gb": 40})))
    assert grown.code == 0, grown.stderr
    assert grown.outcome["state_key"] == key

    assert pipeline.run(emulator.request_action(link, "delete")).code == 0
    deleted = pipeline.run(emulator.request_action(service, "delete"))
    assert deleted.code == 0, deleted.stderr
    assert states(catalog) == []
    assert not (catalog / "here/team" / service).exists()


def move_away(pipeline: Pipeline, emulator: Emulator, catalog: Path) -> str:
    """Make a database, and move its state while the catalog still names the old place."""
    write_backend(catalog, "here")
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    assert pipeline.run(emulator.request_action(service, "create", DATABASE)).code == 0
    new = catalog / "new"
    new.mkdir()
    backend = {"type": "local", "path": "there"}
    (new / "purveyor.yaml").write_text(json_text.write({"version": 1, "backend": backend}))
    moved = state_command(pipeline, "migrate", "--from", ".", "--to", "new", "--yes")
    assert moved.returncode == 0, moved.stderr
    return service


@pytest.mark.slow
def test_a_run_whose_catalog_names_the_old_place_is_refused_until_it_is_put_right(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = move_away(pipeline, emulator, catalog)
    for operation in ("update", "delete", "create"):
        asked = emulator.request_action(service, operation, {**DATABASE, "storage_gb": 40})
        refused = pipeline.run(asked)
        assert (refused.code, refused.reason) == (19, "NEEDS_RECOVERY"), refused.stderr
        message, hint = (str(refused.outcome[name]) for name in ("message", "next_step"))
        assert f"{catalog}/new/there/services/{service}/orders-db.tfstate" in message
        assert "`backend` in the catalog" in hint
        assert f"purveyor state unmark {service} --kind service" in hint

    unmarked = state_command(pipeline, "unmark", service, "--kind", "service", "--yes")
    assert "no longer marked" in unmarked.stdout, unmarked.stderr
    assert "nothing was done" in state_command(pipeline, "unmark", service, "--yes").stdout
    grown = pipeline.run(emulator.request_action(service, "update", {"storage_gb": 40}))
    assert grown.code == 0, grown.stderr


@pytest.mark.slow
@pytest.mark.no_gate  # the catalog keeps naming the place that the state has left
def test_a_link_that_needs_what_its_moved_service_gives_is_refused(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    service = move_away(pipeline, emulator, catalog)
    (catalog / "modules/mysql-database/links/database-user/service.tf").write_text(
        'variable "service_outputs" {\n  type = any\n}\n'
    )
    link = str(emulator.create_link(service, name="checkout")["id"])
    user: JsonObject = {"username": "checkout", "access": "write"}
    refused = pipeline.run(emulator.request_action(link, "create", user))
    assert refused.code == 19, refused.stderr
    assert "The state of service orders-db has moved" in str(refused.outcome["message"])


@pytest.mark.slow
def test_states_change_to_own_keys_in_the_same_place_and_back(
    pipeline: Pipeline, emulator: Emulator, catalog: Path
) -> None:
    write_backend(catalog, "here")
    service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    assert pipeline.run(emulator.request_action(service, "create", DATABASE)).code == 0
    for name, keys in (("own", OWN), ("first", "")):
        (catalog / name).mkdir()
        (catalog / name / "purveyor.yaml").write_text("version: 1\n")
        write_backend(catalog / name, "../here", keys)
    assert state_command(pipeline, "migrate", "--from", "own", "--to", "own").returncode == 2
    own = f"team/{service}/orders-db/terraform.tfstate"
    for source, target, keys, storage in (
        ("first", "own", OWN, 40),
        ("own", "first", "", 60),
        ("first", "own", OWN, 80),
    ):
        moved = state_command(pipeline, "migrate", "--from", source, "--to", target, "--yes")
        assert moved.returncode == 0, moved.stdout + moved.stderr
        again = state_command(pipeline, "migrate", "--from", source, "--to", target, "--yes")
        assert "already there" in again.stdout, again.stderr
        stale = pipeline.run(emulator.request_action(service, "update", {"storage_gb": storage}))
        assert stale.code == 19, stale.stderr
        write_backend(catalog, "here", keys)
        grown = pipeline.run(emulator.request_action(service, "update", {"storage_gb": storage}))
        assert grown.code == 0, grown.stderr
        expected = own if keys else f"services/{service}/orders-db.tfstate"
        assert grown.outcome["state_key"] == expected
        changes = grown.outcome["changes"]
        assert isinstance(changes, list)
        assert {each["verb"] for each in changes if isinstance(each, dict)} == {"update"}

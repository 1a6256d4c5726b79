"""One service whose module makes a machine that a playbook secures, by the real Ansible."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline
from purveyor import json_text
from purveyor_emulator import Emulator
from service_fixtures import OwnService, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

EXAMPLE = Path(__file__).parents[2] / "examples/playbook"
PLAY = Path(sys.executable).with_name("ansible-playbook")
PASSWORD = "c4nary-horse"


@pytest.fixture
def service(tmp_path: Path, tofu: Path, clean_environment: dict[str, str]) -> Iterator[OwnService]:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    (programs / PLAY.name).symlink_to(PLAY)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    properties: JsonObject = {
        "folder": attribute("string", "create"),
        "operators": attribute("array", "create", "update"),
        "password": {**attribute("string", "create", "update"), "secret": True},
    }
    schema: JsonObject = {"type": "object", "properties": properties}
    seed: JsonObject = {"specifications": [{"slug": "small-machine", "attributes": schema}]}
    with Emulator.running(seed=seed) as emulator:
        entity = str(emulator.create_service("small-machine", name="box")["id"])
        yield OwnService(Pipeline(catalog, environment, emulator), emulator, entity)


@pytest.mark.slow
def test_a_machine_is_secured_left_alone_and_revoked(service: OwnService) -> None:
    folder = str(service.pipeline.catalog.parent / "machines")
    machine = Path(folder) / service.id
    made = service.run("create", folder=folder, operators=["ada", "grace"], password=PASSWORD)
    assert made.code == 0, made.stderr
    assert "1 created, 1 updated" in made.stderr
    assert (machine / "authorized_keys").read_text() == "ada\ngrace\n"
    assert PASSWORD not in made.stderr + made.stdout

    same = service.run("update", password=PASSWORD)
    assert same.code == 0, same.stderr
    assert "nothing had to change" in same.stderr

    gone = service.run("delete")
    assert gone.code == 0, gone.stderr
    assert "task: Remove the operators" in gone.stderr
    assert not machine.exists()


ALONE = """\
version: 1
backend: {type: local}
services:
  small-machine:
    steps:
      - name: secure
        playbook:
          run: playbooks/secure.yml
          undo: playbooks/revoke.yml
          inventory: inventory.yml
        parameters: [operators, password]
        outputs: {operator_count: operator_count}
"""


@pytest.mark.slow
def test_a_playbook_alone_is_a_service(service: OwnService) -> None:
    catalog, machine = service.pipeline.catalog, service.pipeline.catalog.parent / "machine"
    machine.mkdir()
    host: JsonObject = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "root": str(machine),
    }
    inventory: JsonObject = {"all": {"hosts": {"machine": host}}}
    (catalog / "inventory.yml").write_text(json_text.write(inventory))
    (catalog / "purveyor.yaml").write_text(ALONE)
    made = service.run("create", operators=["ada"], password=PASSWORD)
    assert made.code == 0, made.stderr
    assert (made.reason, made.outcome["results"]) == ("DONE", {"operator_count": 1})
    same = service.run("update")
    assert (same.code, same.reason) == (0, "NOTHING_TO_DO"), same.stderr
    gone = service.run("delete")
    assert gone.code == 0, gone.stderr
    assert not (machine / "authorized_keys").exists()

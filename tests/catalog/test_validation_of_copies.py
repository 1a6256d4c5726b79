"""`purveyor validate` tells what every run would refuse of a module, or copy on a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import write_catalog, write_module

from purveyor.errors import CatalogError
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from pathlib import Path


def faults(folder: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        validate_catalog(folder)
    return list(caught.value.details)


def test_what_every_run_refuses_is_a_fault(tmp_path: Path) -> None:
    write_module(
        tmp_path / "catalog/modules/db",
        'module "x" { source = "../../../shared/m" }\n',
    )
    (tmp_path / "catalog/modules/db/zzzz.auto.tfvars").touch()
    (tmp_path / "catalog/modules/db/purveyor_identity.tf").touch()
    (tmp_path / "catalog/modules/db/zzzz_override.tf").touch()
    (tmp_path / "shared/m").mkdir(parents=True)
    found = faults(tmp_path / "catalog")
    assert found[0] == "modules/db: its source ../../../shared/m is outside the catalog's folder"
    assert [line.partition(":")[0] for line in found[1:]] == [
        "modules/db/purveyor_identity.tf",
        "modules/db/zzzz.auto.tfvars",
        "modules/db/zzzz_override.tf",
    ]


def test_what_a_copy_guesses_or_lacks_and_a_missing_lock_file_are_noted(tmp_path: Path) -> None:
    write_module(
        tmp_path / "modules/db",
        'locals {\n  up = join("/", ["..", ".."])\n  far = "${path.module}/../../../x"\n}\n'
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n',
    )
    notes = [line for line in validate_catalog(tmp_path).notes if line.startswith("modules/db")]
    assert [line.partition(",")[0] for line in sorted(notes)] == [
        "modules/db/main.tf: it puts a path upwards together",
        "modules/db: has no .terraform.lock.hcl",
        "modules/db: it names ../../../x",
    ]
    (tmp_path / "modules/db/.terraform.lock.hcl").touch()
    assert len(validate_catalog(tmp_path).notes) == len(notes)  # with that on the backend


def test_playbooks_and_inventories_must_be_there(tmp_path: Path) -> None:
    write_module(tmp_path / "stacks/machine")
    (tmp_path / "site.yml").write_text("[]")
    text = """\
services:
  machine:
    steps:
      - {module: stacks/machine}
      - {name: a, playbook: {run: site.yml, undo: gone.yml, inventory: hosts.ini}}
      - {name: b, playbook: {run: ../site.yml, hosts: "{{ steps.a.outputs.address }}"}}
      - {name: c, playbook: {run: site.yml, hosts: "{{ steps.d.outputs.address }}"}}
"""
    (tmp_path.parent / "site.yml").write_text("[]")
    found = faults(write_catalog(tmp_path, text))
    assert [line.partition("steps")[2] for line in found] == [
        "[1].playbook.undo: there is no file gone.yml in the catalog's folder",
        "[1].playbook.inventory: there is no file hosts.ini in the catalog's folder",
        "[2].playbook.run: the file is outside the catalog's folder",
        '[3].compute.purveyor_hosts: no step "d" runs before this one',
    ]

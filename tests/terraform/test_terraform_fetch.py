"""Modules are brought into the private folder with all they refer to, and nothing else."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from purveyor.engines.terraform import tree
from purveyor.errors import CatalogError, ReasonCode
from purveyor.step import ModuleSource

if TYPE_CHECKING:
    from pathlib import Path

    from terraform_bench import Bench

pytest_plugins = ["terraform_bench"]


def test_a_module_may_call_its_neighbours_and_they_theirs(bench: Bench) -> None:
    bench.write(
        {
            "modules/one/main.tf": """
            module "rds" { source = "../../aws/rds" }
            module "json" { source = "../json" }
            output "size" { value = "${module.rds.size} ${module.json.name}" }
            """,
            "aws/rds/main.tf": """
            module "size" {
              source = "../sizes" # the second step
            }
            output "size" { value = module.size.size }
            """,
            "aws/sizes/main.tf": """
            locals { text = file("${path.module}/../texts/size.txt") }
            output "size" { value = local.text }
            """,
            "aws/texts/size.txt": "large",
            "modules/json/main.tf.json": '{"module": {"x": [{"source": "../deep"}]},'
            ' "output": {"name": {"value": "${module.x.name}"}}}',
            "modules/deep/main.tf": 'output "name" { value = "deep" }',
            "modules/unrelated/main.tf": "",
        }
    )

    assert bench.create().outputs["size"].value == "large deep"
    copied = {path.name for path in bench.newest_workspace.rglob("*")}
    assert "unrelated" not in copied


def test_state_history_and_caches_are_left_behind(bench: Bench) -> None:
    bench.write(
        {
            "modules/one/main.tf": "",
            "modules/one/run.sh": "#!/bin/sh\n",
            "modules/one/terraform.tfstate": "{}",
            "modules/one/terraform.tfstate.backup": "{}",
            "modules/one/.terraform/providers/x": "",
            "modules/one/.git/config": "",
            "modules/one/node_modules/x/index.js": "",
            "modules/one/.terraform.lock.hcl": "",
            "modules/one/templates/a.tpl": "",
        }
    )
    (bench.catalog / "modules/one/run.sh").chmod(0o755)

    module = bench.fetch()

    files = {str(p.relative_to(module)): p for p in module.rglob("*") if p.is_file()}
    assert set(files) == {"main.tf", "run.sh", ".terraform.lock.hcl", "templates/a.tpl"}
    assert stat.S_IMODE(files["main.tf"].stat().st_mode) == 0o600
    assert os.access(files["run.sh"], os.X_OK)


def test_links_inside_the_catalog_work_on_and_links_out_of_it_are_refused(
    bench: Bench, tmp_path: Path
) -> None:
    bench.write({"modules/one/main.tf": "", "shared/policy.json": "{}"})
    link = bench.catalog / "modules/one/policy.json"
    link.symlink_to("../../shared/policy.json")
    loop = bench.catalog / "modules/one/loop"
    loop.symlink_to(".")

    module = bench.fetch()
    assert (module / "policy.json").read_text() == "{}"
    assert (module / "policy.json").resolve().is_relative_to(bench.newest_workspace)

    (tmp_path / "secret").write_text("secret")
    for target in (tmp_path / "secret", tmp_path / "missing", "../../../../secret"):
        link.unlink()
        link.symlink_to(target)
        with pytest.raises(CatalogError, match=r"modules/one/policy\.json") as caught:
            bench.fetch()
        assert caught.value.reason is ReasonCode.MODULE_INVALID


@pytest.mark.parametrize("path", ["../outside", "modules/one/../../../outside", "modules/linked"])
def test_a_module_outside_of_the_catalog_is_refused(bench: Bench, path: str) -> None:
    bench.write({"modules/one/main.tf": ""})
    (bench.folder / "outside").mkdir()
    (bench.catalog / "modules/linked").symlink_to(bench.folder / "outside")

    with pytest.raises(CatalogError, match="leads out"):
        bench.fetch(path)


def test_a_call_of_a_module_outside_of_the_catalog_is_refused(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": 'module "x" {\n  source = "../../../elsewhere"\n}\n'})

    with pytest.raises(CatalogError, match=r"\.\./\.\./\.\./elsewhere"):
        bench.fetch()


def test_a_module_that_is_not_there_is_said_to_be_missing(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ""})

    with pytest.raises(CatalogError) as caught:
        bench.fetch("modules/two")

    assert caught.value.reason is ReasonCode.MODULE_NOT_FOUND


def test_a_tree_above_the_limits_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write({"modules/one/main.tf": "", "modules/one/a": "", "modules/one/b": ""})
    monkeypatch.setattr(tree, "MAX_FILES", 2)

    with pytest.raises(CatalogError, match="larger than 2 files"):
        bench.fetch()


def test_a_remote_module_is_downloaded_with_what_stands_beside_its_folder(bench: Bench) -> None:
    bench.write(
        {
            "repo/modules/one/main.tf": """
            variable "name" { type = string }
            module "beside" { source = "../beside" }
            terraform {
              backend "s3" {}
            }
            output "name" { value = "${var.name} ${module.beside.name}" }
            """,
            "repo/modules/beside/main.tf": 'output "name" { value = "beside" }',
        }
    )
    bench.commit("repo", tag="v1.0.0")
    address = f"git::file://{bench.catalog}/repo//modules/one?ref=v1.0.0"
    workspace = bench.workspace()

    module = bench.engine.fetch(ModuleSource(root=bench.catalog, address=address), workspace)

    assert set(bench.engine.describe(module).variables) == {"name"}
    assert bench.run(bench.step_in(module, {"name": "db"})).outputs["name"].value == "db beside"


def test_a_remote_module_that_cannot_be_had_is_the_catalogs_fault(bench: Bench) -> None:
    address = f"git::file://{bench.folder}/nowhere?ref=v1.0.0"

    with pytest.raises(CatalogError) as caught:
        bench.engine.fetch(ModuleSource(root=bench.folder, address=address), bench.workspace())

    assert address in caught.value.message
    assert caught.value.details

"""Modules are brought into the private folder with all they refer to, and nothing else."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from purveyor.engines.terraform import tree
from purveyor.errors import CatalogError, ReasonCode
from purveyor.settings import Settings
from purveyor.step import ModuleSource

if TYPE_CHECKING:
    from pathlib import Path

    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]


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


def test_everything_is_copied_but_git_the_engines_folder_and_a_state_beside_the_module(
    bench: Bench,
) -> None:
    kept = {
        "main.tf",
        "run.sh",
        ".terraform.lock.hcl",
        "lambda/index.js",
        "lambda/node_modules/left-pad/index.js",
        "lambda/.npmrc",
        "lambda/fixture.tfstate.json",
        "lambda/old.tfstate",
        "lambda/__pycache__/a.pyc",
        "lambda/.venv/bin/python",
        "providers/list.txt",
    }
    left = {
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "terraform.tfstate.1700000000.backup",
        ".terraform.tfstate.lock.info",
        "errored.tfstate",
        ".terraform/providers/x",
        ".git/config",
        "lambda/.git",
    }
    bench.write({f"modules/one/{name}": "" for name in kept | left})
    (bench.catalog / "modules/one/run.sh").chmod(0o755)

    module = bench.fetch()

    files = {str(p.relative_to(module)): p for p in module.rglob("*") if p.is_file()}
    assert set(files) == kept
    assert stat.S_IMODE(files["main.tf"].stat().st_mode) == 0o600
    assert os.access(files["run.sh"], os.X_OK)


DOCS = {"docs/a.md": "", "docs/deep/b.md": "", "other/c.txt": ""}


@pytest.mark.parametrize(
    "path",
    [
        '"${path.module}/../../docs"',
        '"${path.module}/${join("/", ["..", "..", "docs"])}"',
        'format("%s/%s/docs", path.module, "../..")',
        '"${dirname(dirname(abspath(path.module)))}/docs"',
        '"${path.module}/${local.up}/docs"',
        '"${path.module}/../../${local.name}"',
        'abspath("${path.module}/../../docs/.")',
    ],
)
@pytest.mark.one_engine
def test_what_is_named_upwards_is_there_however_it_is_written(bench: Bench, path: str) -> None:
    bench.write(
        {
            **DOCS,
            "modules/one/main.tf": f"""
            locals {{
              up    = "../.."
              name  = "docs"
              files = sort(fileset({path}, "**"))
            }}
            output "files" {{ value = join(" ", local.files) }}
            """,
        }
    )
    assert bench.create().outputs["files"].value == "a.md deep/b.md"


@pytest.mark.parametrize("name", ["main.tf", "main.tf.json"])
def test_a_comment_is_no_reference(bench: Bench, name: str, tmp_path: Path) -> None:
    texts = {
        "main.tf": '# ../../docs/a.md, ".." and ../../docs\n/* "../../docs" */\n// ../../docs\n',
        "main.tf.json": '{"//": "see ../../docs", "locals": {"a": "b", "//": ".."}}',
    }
    bench.write({**DOCS, f"modules/one/{name}": texts[name]})
    (bench.catalog / "docs/out").symlink_to(tmp_path)

    bench.fetch()

    copied = {path.name for path in bench.newest_workspace.rglob("*")}
    assert copied & {"docs", "other"} == set()


def test_a_text_that_cannot_be_cut_may_refer_to_anything_in_it(bench: Bench) -> None:
    bench.write({**DOCS, "modules/one/main.tf": '# ../../docs\nlocals { a = "not closed }\n'})

    module = bench.fetch()

    assert (module / "../../docs/a.md").exists()


def test_what_is_named_but_not_copied_is_said(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tree, "MAX_FILES", 3)
    bench.write(
        {
            **DOCS,
            "states/a.tfstate": "",
            "modules/one/main.tf": 'locals { a = "../../../x/y", b = ["..", ".."], c = "../two" }',
            "modules/two/a.txt": "",
        }
    )
    (bench.catalog / "modules/two/out").symlink_to(tmp_path)

    module = bench.fetch()

    assert (module / "../two/a.txt").exists()
    much = "this is more than 3 files or 512 MiB"
    assert sorted(bench.said) == [
        f"modules/one/main.tf: it puts a path upwards together: {much}",
        "modules/one: it names ../../../x/y, outside the catalog's folder: it is not copied",
        "modules/two/out: the link leaves the catalog's folder",
    ]


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
        with pytest.raises(CatalogError) as caught:
            bench.fetch()
        (detail,) = caught.value.details
        assert detail == "modules/one/policy.json: the link leaves the catalog's folder"
        assert caught.value.reason is ReasonCode.MODULE_INVALID


@pytest.mark.parametrize("path", ["../outside", "modules/one/../../../outside", "modules/linked"])
def test_a_module_outside_of_the_catalog_is_refused(bench: Bench, path: str) -> None:
    bench.write({"modules/one/main.tf": ""})
    (bench.folder / "outside").mkdir()
    (bench.catalog / "modules/linked").symlink_to(bench.folder / "outside")

    with pytest.raises(CatalogError) as caught:
        bench.fetch(path)
    assert caught.value.details == (f"{path}: it leaves the catalog's folder",)


def test_a_call_of_a_module_outside_of_the_catalog_is_refused(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": 'module "x" {\n  source = "../../../elsewhere"\n}\n'})

    with pytest.raises(CatalogError) as caught:
        bench.fetch()
    (detail,) = caught.value.details
    assert "its source ../../../elsewhere is outside the catalog's folder" in detail


def test_a_module_that_is_not_there_is_said_to_be_missing(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ""})

    with pytest.raises(CatalogError) as caught:
        bench.fetch("modules/two")

    assert caught.value.reason is ReasonCode.MODULE_NOT_FOUND


def test_a_tree_above_the_limits_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write({"modules/one/main.tf": "", "modules/one/a": "", "modules/one/b": ""})
    monkeypatch.setattr(tree, "MAX_FILES", 2)

    with pytest.raises(CatalogError) as caught:
        bench.fetch()
    assert "more than 2 files" in str(caught.value.details)


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


def test_a_module_that_is_not_valid_is_named_as_the_catalog_names_it(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": 'variable "x" { type = strin }\n'})
    bench.write({"modules/two/notes.txt": ""})
    for name, told in (("one", "is not valid"), ("two", "has no .tf files")):
        source = ModuleSource(root=bench.catalog, path=bench.catalog / "modules" / name)
        engine = bench.engine
        module = engine.fetch(source, bench.workspace())
        with pytest.raises(CatalogError) as caught:
            engine.describe(module)
        assert caught.value.message == f"The module modules/{name} {told}."


def test_a_remote_module_that_cannot_be_had_is_the_catalogs_fault(bench: Bench) -> None:
    address = f"git::file://{bench.folder}/nowhere?ref=v1.0.0"

    with pytest.raises(CatalogError) as caught:
        bench.engine.fetch(ModuleSource(root=bench.folder, address=address), bench.workspace())

    assert address in caught.value.message
    assert caught.value.details


def test_a_file_that_the_job_names_is_found_from_the_modules_private_folder(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").write_text("clusters")
    bench.write(
        {
            "modules/one/main.tf": 'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n'
            '    command = "cat $KUBECONFIG"\n  }\n}\n'
        }
    )

    bench.with_environment(**Settings({"KUBECONFIG": "./config"}).for_children()).create()

    assert "terraform_data.a (local-exec): clusters" in bench.texts()

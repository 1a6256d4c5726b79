"""What `purveyor init` writes: pipelines, what a package holds of them, and a life over it."""

from __future__ import annotations

import shlex
import subprocess  # noqa: TID251 - a person types these commands
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from init_fixtures import ROOT, VALUES, ask

from purveyor import json_text
from purveyor.scaffold.files import CIS, STORES
from purveyor.validation import validate_catalog


@pytest.mark.parametrize("ci", CIS)
def test_a_written_pipeline_is_the_example(folder: Path, ci: str) -> None:
    ask("--ci", ci, "--store", "local")
    name = Path(CIS[ci][0]).name
    assert (folder / CIS[ci][0]).read_text("utf-8") == (ROOT / "examples" / ci / name).read_text()


def test_a_pipeline_of_azure_logs_in_to_aws_for_states_in_s3(folder: Path) -> None:
    ask("--ci", "azure", "--store", "s3", *VALUES["s3"])
    wanted = ROOT / "examples/azure/azure-pipelines-aws.yml"
    assert (folder / "azure-pipelines.yml").read_text("utf-8") == wanted.read_text("utf-8")


@pytest.mark.parametrize("store", STORES)
def test_a_step_of_github_gets_by_name_what_the_login_to_the_store_takes(
    folder: Path, store: str
) -> None:
    ask("--ci", "github", "--store", store, *VALUES[store])
    workflow: Any = yaml.safe_load((folder / CIS["github"][0]).read_text("utf-8"))
    step = workflow["jobs"]["provision"]["steps"][-1]
    assert step["uses"].startswith("acme/purveyor@")
    wanted = {each for each in STORES[store].split() if each.isupper()}
    wanted |= {"PG_CONN_STR"} if "postgres" in VALUES[store] else set()
    assert step.get("env", {}) == {each: f"${{{{ secrets.{each} }}}}" for each in wanted}


def test_the_catalog_that_init_begins_with_is_sound_by_itself() -> None:
    assert validate_catalog(ROOT / "examples/start").services == 1


def test_a_package_holds_every_example_that_is_read() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    held = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {f"examples/{each}": f"purveyor/scaffold/examples/{each}" for each in ("start", *CIS)}
    assert held.items() >= wanted.items()


@pytest.mark.usefixtures("terraform")
@pytest.mark.engine
@pytest.mark.slow
def test_an_empty_folder_is_three_commands_and_one_line_away_from_a_service(
    folder: Path, clean_environment: dict[str, str]
) -> None:
    places = str(Path(sys.executable).parent)
    environment = {**clean_environment, "PATH": f"{places}:{clean_environment['PATH']}"}

    def type_in(command: str) -> str:
        words = shlex.split(command)
        done = subprocess.run(
            words, cwd=folder, env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    printed = type_in("purveyor init --ci github --store local")
    commands = printed.split("Next:\n")[1].strip().split("\n")
    until_created, connect = commands[:-1], commands[-1]
    assert len(until_created) <= 3
    assert "purveyor channel create github" in connect
    told = [type_in(each) for each in until_created]
    assert "1 created" in told[-1]

    create = (folder / "create.json").read_text("utf-8")
    for operation, said in (("update", "1 updated"), ("delete", "1 deleted")):
        context = json_text.as_object(json_text.parse(create))
        context |= {"id": operation, "type": operation}
        context["parameters"] = {"capacity": 200} if operation == "update" else {}
        (folder / "next.json").write_text(json_text.write(context), "utf-8")
        assert said in type_in("purveyor run --no-report --context next.json")
    assert not [*folder.glob(".purveyor/state/services/**/*.tfstate")]

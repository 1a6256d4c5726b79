"""The workflow that `purveyor init` writes, before the judges for each store, and under act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from test_act_workflow import dispatch, status, use
from test_github_files import TOO_NEW, judge

from purveyor.scaffold.files import CIS, STORES, Found, write_files
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from act_runner import ActRunner
    from template_tools import Tools

    from purveyor.json_text import JsonObject

SLUG = "example-service"
ATTRIBUTES: JsonObject = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "editableOn": ["create", "update"]},
        "capacity": {"type": "number", "editableOn": ["create", "update"]},
        "address": {"type": "string", "editableOn": [], "visibleOn": ["read"]},
    },
}


def write(folder: Path, store: str, **values: str) -> str:
    """Write all files, and return the workflow's text."""
    backend: JsonObject = {"type": STORES[store].split()[0], **values}
    for path, text in write_files(folder, Found(), "github", {"backend": backend}).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return (folder / CIS["github"][0]).read_text("utf-8")


def test_the_judges_are_content_with_the_workflow_of_each_store(
    tools: Tools, tmp_path: Path
) -> None:
    for each in STORES:
        write(tmp_path / each, each)
    files = sorted(tmp_path.glob("*/.github/workflows/*.yml"))
    assert len(files) == len(STORES)
    ignored = [part for each in TOO_NEW for part in ("-ignore", each)]
    for words in (
        [tools.program("zizmor"), "--offline", "--strict-collection", "--persona=auditor"],
        [tools.program("check-jsonschema"), "--builtin-schema", "vendor.github-workflows"],
        [tools.program("actionlint"), "-shellcheck", "", "-pyflakes", "", *ignored],
    ):
        code, told = judge(*words, *files)
        assert code == 0, told


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that knows the example's specification."""
    specification: JsonObject = {
        "slug": SLUG,
        "name": "Example",
        "use_default_actions": True,
        "attributes": ATTRIBUTES,
    }
    with Emulator.running(seed={"specifications": [specification]}) as running:
        yield running


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository with what `init` wrote, its states on a disk that lasts."""
    write(tmp_path / "begun", "local", path=str(tmp_path / "states"))
    return tmp_path / "begun"


@pytest.mark.engine
@pytest.mark.slow
def test_the_written_workflow_creates_changes_and_deletes_the_example(
    runner: ActRunner, emulator: Emulator
) -> None:
    use(runner, (runner.workspace / CIS["github"][0]).read_text("utf-8"))
    service = str(emulator.create_service(SLUG, name="first")["id"])
    for operation, parameters in (
        ("create", {"title": "News"}),
        ("update", {"capacity": 200}),
        ("delete", {}),
    ):
        asked = emulator.request_action(service, operation, parameters)
        ran = dispatch(runner, emulator, asked)
        assert (ran.code, status(emulator, asked)) == (0, "success"), ran.log
    assert emulator.entity("service", service)["status"] == "deleted"

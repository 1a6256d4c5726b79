"""Microsoft's own language service finds nothing in our Azure files, and does find faults."""

from __future__ import annotations

import subprocess  # noqa: TID251 - node is started
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from template_fixtures import ROOT

from purveyor import json_text

if TYPE_CHECKING:
    from template_tools import Tools

FILES = [
    *sorted((ROOT / "azure-templates").glob("*")),
    *sorted((ROOT / "examples/azure").glob("*")),
]


def judge(tools: Tools, *files: Path) -> list[str]:
    npm = tools.program("gitlab-ci-local").parent
    places = "lib/python3*/site-packages/check_jsonschema/builtin_schemas/vendor"
    schema = next(tools.program("check-jsonschema").parent.parent.glob(f"{places}/azure*.json"))
    service = npm.parent / "azure-pipelines-language-service"
    script = Path(__file__).with_name("validate.cjs")
    command = [str(npm / "node"), str(script), str(service), str(schema), *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json_text.parse(done.stdout)
    assert isinstance(found, list)
    return [str(each) for each in found]


def test_microsofts_language_service_finds_no_fault(tools: Tools) -> None:
    assert FILES
    assert judge(tools, *FILES) == []


@pytest.mark.parametrize("typo", ["lockBehaviour: sequential", "timeoutInMinuts: 5"])
def test_it_would_find_one(tools: Tools, tmp_path: Path, typo: str) -> None:
    file = tmp_path / "stage.yml"
    text = (ROOT / "azure-templates" / "stage.yml").read_text()
    file.write_text(text.replace("lockBehavior: sequential", typo))
    (found,) = judge(tools, file)
    assert typo.split(":", maxsplit=1)[0] in found

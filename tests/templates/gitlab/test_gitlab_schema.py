"""GitLab's published schema finds no fault in what follows each file's header of inputs."""

from __future__ import annotations

import subprocess  # noqa: TID251 - check-jsonschema is started
from typing import TYPE_CHECKING

import pytest
from template_fixtures import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from template_tools import Tools

FILES = [
    "gitlab-ci-templates/provision.yml",
    "examples/gitlab/.gitlab-ci.yml",
    "examples/gitlab/sweep.yml",
]


def judge(tools: Tools, file: Path, text: str) -> int:
    # It reads one document only: the header is left out.
    file.write_text(text.split("\n---\n", 1)[-1])
    program = tools.program("check-jsonschema")
    command = [str(program), "--builtin-schema", "vendor.gitlab-ci"]
    command += ["--data-transform", "gitlab-ci", str(file)]
    return subprocess.run(command, check=False, capture_output=True).returncode


@pytest.mark.parametrize("name", FILES)
def test_the_schema_finds_no_fault_and_would_find_one(
    tools: Tools, tmp_path: Path, name: str
) -> None:
    text = (ROOT / name).read_text()
    assert judge(tools, tmp_path / "ci.yml", text) == 0
    faulty = text.replace("interruptible: false", "interruptible: perhaps")
    faulty = faulty.replace("on_new_commit: none", "on_new_commit: perhaps")
    faulty = faulty.replace("resource_group: purveyor-sweep", "resource_group: [x]")
    assert judge(tools, tmp_path / "ci.yml", faulty) != 0

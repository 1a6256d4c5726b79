"""Our action and workflows before the programs that judge such files; bad ones beside them."""

from __future__ import annotations

import subprocess  # noqa: TID251 - starts real programs
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from javascript import bundle, run_bundle

if TYPE_CHECKING:
    from template_tools import Tools

ROOT = Path(__file__).parents[3]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted(
    [*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "examples" / "github").glob("*.yml")]
)
BAD_ACTION = """\
name: Bad
description: A bad action
inputs:
  context: {description: c}
runs:
  using: composite
  steps:
    - run: echo ${{ inputs.context }}
    - run: echo ${{ steps.nope.outputs.x }}
      shell: bash
"""
BAD_WORKFLOW = """\
on: {workflow_dispatch: {inputs: {context: {type: string}}}}
jobs:
  bad:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ inputs.context }} ${{ steps.nope.outputs.x }}
        shel: bash
"""
# actionlint 1.7.12 does not know what GitHub added later.
TOO_NEW = (
    'unexpected key "queue" for "concurrency" section',
    'property "workflow_(repository|sha)" is not defined',
)


@pytest.fixture
def bad(tmp_path: Path) -> list[Path]:
    """Files that each judge has to complain about."""
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    action, workflow = tmp_path / "action.yml", tmp_path / ".github" / "workflows" / "bad.yml"
    action.write_text(BAD_ACTION, "utf-8")
    workflow.write_text(BAD_WORKFLOW, "utf-8")
    return [action, workflow]


def judge(*command: object) -> tuple[int, str]:
    done = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_zizmor_finds_no_hole(tools: Tools, bad: list[Path]) -> None:
    strict = [tools.program("zizmor"), "--offline", "--strict-collection", "--persona=auditor"]
    code, told = judge(*strict, ACTION, *WORKFLOWS)
    assert code == 0, told
    workflow = bad[1].read_text("utf-8").replace("        shel: bash\n", "")
    bad[1].write_text(workflow, "utf-8")
    code, told = judge(*strict, bad[1])
    assert code != 0
    assert "template-injection" in told


def test_the_published_schemas_accept_them(tools: Tools, bad: list[Path]) -> None:
    check = [tools.program("check-jsonschema"), "--builtin-schema"]
    for schema, good, wrong in (
        ("vendor.github-actions", [ACTION], bad[0]),
        ("vendor.github-workflows", WORKFLOWS, bad[1]),
    ):
        code, told = judge(*check, schema, *good)
        assert code == 0, told
        assert judge(*check, schema, wrong)[0] != 0


def test_githubs_language_service_is_content(tools: Tools, bad: list[Path], tmp_path: Path) -> None:
    program = bundle(tools, Path(__file__).parent / "language_check.mjs", tmp_path)
    assert run_bundle(tools, program, str(ACTION), *map(str, WORKFLOWS)) == ""
    told = run_bundle(tools, program, *map(str, bad))
    assert "action.yml:8" in told
    assert "bad.yml:8" in told


def test_actionlint_is_content(tools: Tools, bad: list[Path]) -> None:
    ignored = [part for each in TOO_NEW for part in ("-ignore", each)]
    lint = [tools.program("actionlint"), "-oneline", "-shellcheck", "", "-pyflakes", "", *ignored]
    code, told = judge(*lint, *WORKFLOWS)
    assert code == 0, told
    assert judge(*lint, bad[1])[0] == 1


def test_templates_are_short_and_end_in_exec() -> None:
    import yaml

    for path in (ACTION, *WORKFLOWS):
        assert len(path.read_text("utf-8").splitlines()) <= 40, path
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    for step in action["runs"]["steps"]:
        assert step["run"].splitlines()[-1].startswith("exec ")
        assert "${{" not in step["run"]
    told = str(action["runs"]["steps"])
    assert [name for name in action["inputs"] if f"inputs.{name}" not in told] == []
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "provision.yml").read_text("utf-8"))
    offered = {*workflow[True]["workflow_call"]["inputs"], "api-key"}
    # Only a job of the caller's own can wait for an environment of his.
    assert set(action["inputs"]) - offered == {"cache", "approved"}

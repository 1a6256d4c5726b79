"""The GitLab example runs as it is printed: what was asked happens, and text stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from template_fixtures import HOSTILE, kept_text, wire_text

from pipeline import action_id

if TYPE_CHECKING:
    from gitlab_project import Project

    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]


def made_note(emulator: Emulator) -> str:
    return str(emulator.create_service("note", name="a-note")["id"])


def test_a_note_is_created_updated_refused_and_deleted(
    project: Project, emulator: Emulator
) -> None:
    note = made_note(emulator)
    for action, text, code in [
        ("create", "first", 0),
        ("update", "second", 0),
        ("update", "refuse me", 15),
        ("delete", None, 0),
    ]:
        asked = emulator.request_action(note, action, {"text": text} if text else None)
        job = project.run(context=wire_text(asked))
        assert job.code == (1 if code else 0), job.log
        status = emulator.action(action_id(asked))["status"]
        assert status == ("failed" if code else "success"), job.log
        if action != "delete":
            assert kept_text(project.folder) == ("second" if code else text)
    assert emulator.entity("service", note)["status"] == "deleted"
    assert not list(project.folder.rglob("*.tfstate"))


@pytest.mark.parametrize("name", ["nasty", "60 kB"])
def test_hostile_text_reaches_the_module_unchanged_as_input(
    project: Project, emulator: Emulator, name: str
) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": HOSTILE[name]})
    job = project.run(context=wire_text(asked))
    assert job.code == 0, job.log
    assert kept_text(project.folder) == HOSTILE[name]
    assert not list(project.folder.parent.rglob("pwned"))


@pytest.mark.parametrize("name", ["nasty", "60 kB"])
def test_hostile_text_reaches_the_module_unchanged_as_an_escaped_variable(
    project: Project, emulator: Emulator, name: str
) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": HOSTILE[name]})
    job = project.run(variable=wire_text(asked, escaped=True))
    assert job.code == 0, job.log
    assert kept_text(project.folder) == HOSTILE[name]
    assert not list(project.folder.parent.rglob("pwned"))


def test_a_variable_may_be_of_the_file_type(project: Project, emulator: Emulator) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": "from a file"})
    file = project.folder.parent / "CONTEXT"
    file.write_text(wire_text(asked))
    job = project.run(variable=str(file))
    assert job.code == 0, job.log
    assert kept_text(project.folder) == "from a file"


def test_a_token_that_gitlab_puts_into_the_variable_is_refused_and_the_platform_hears(
    project: Project, emulator: Emulator
) -> None:
    token = "glcbt-64_made-up-job-token"
    project.variables["CI_JOB_TOKEN"] = token
    asked = emulator.request_action(made_note(emulator), "create", {"text": "${CI_JOB_TOKEN}"})
    job = project.run(variable=wire_text(asked))
    assert job.code == 1
    assert "holds the value of a secret variable" in job.log
    assert token not in job.log
    assert emulator.action(action_id(asked))["status"] == "failed"
    assert not list(project.folder.rglob("*.tfstate"))


def test_without_a_context_the_log_names_both_ways(project: Project) -> None:
    job = project.run()
    assert job.code == 1
    assert "pipeline's input `context`, or in the variable CONTEXT" in job.log


def test_the_summary_and_the_outputs_become_artifacts(project: Project, emulator: Emulator) -> None:
    asked = emulator.request_action(made_note(emulator), "create", {"text": "x"})
    job = project.run(context=wire_text(asked))
    assert job.code == 0, job.log
    (summary,) = project.folder.rglob("artifacts/**/purveyor.html")
    assert "Created service a-note" in summary.read_text()
    (outputs,) = project.folder.rglob("artifacts/**/purveyor.env")
    assert "PURVEYOR_OUT_STATUS=success" in outputs.read_text()


def test_what_is_no_commit_is_refused_before_anything_runs(project: Project) -> None:
    pipeline = project.folder / ".gitlab-ci.yml"
    lines = pipeline.read_text().splitlines()
    changed = ["      revision: main" if "revision:" in line else line for line in lines]
    pipeline.write_text("\n".join(changed))
    job = project.run(context="{}")
    assert job.code != 0
    assert "revision" in job.log
    assert "setup/start.py" not in job.log

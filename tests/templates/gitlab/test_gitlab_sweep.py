"""The GitLab schedule runs as it is printed: an action that no run took gets its ending."""

from __future__ import annotations

import dataclasses
import stat
from typing import TYPE_CHECKING

import pytest
from template_fixtures import ROOT, Repository, forgotten_action

if TYPE_CHECKING:
    from pathlib import Path

    from gitlab_project import Project

    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]
EXAMPLE = ROOT / "examples" / "gitlab" / "sweep.yml"


@pytest.fixture
def scheduled(
    project: Project,
    code: Repository,
    libraries: Path,
    emulator: Emulator,
) -> Project:
    """The project with the example as its pipeline, started by a schedule."""
    text = EXAMPLE.read_text().replace("https://github.com/acme/purveyor.git", str(code.folder))
    (project.folder / ".gitlab-ci.yml").write_text(text.replace("0" * 40, code.revision))
    variables = {
        **project.variables,
        "CI_PIPELINE_SOURCE": "schedule",
        "PURVEYOR_NRN": emulator.nrn,
        "PURVEYOR_ID_TOKEN": "made-up-token",
    }
    # As a variable gitlab-ci-local would take a path for one of the file type.
    environment = {**project.environment, "PURVEYOR_CACHE": str(libraries)}
    return dataclasses.replace(project, environment=environment, variables=variables)


def test_an_action_that_no_run_took_is_ended_by_the_schedule(
    scheduled: Project, emulator: Emulator
) -> None:
    action = forgotten_action(emulator, "note", {"text": "x"})
    job = scheduled.run(job="sweep")
    assert job.code == 0, job.log
    assert emulator.action(action)["status"] == "failed", job.log
    assert "RUN_NOT_STARTED" in job.log
    token = scheduled.folder.with_name(f"{scheduled.folder.name}.tmp") / "purveyor-sweep/id-token"
    assert token.read_text() == "made-up-token"
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700

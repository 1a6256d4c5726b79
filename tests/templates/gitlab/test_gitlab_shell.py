"""The job's script as GitLab Runner's shell runs it: any size passes, and a cancelled job stops."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from runner_shell import job_commands, start_job
from template_fixtures import HOSTILE, ROOT, Repository, kept_text, wire_text

from pipeline import action_id

if TYPE_CHECKING:
    import subprocess  # noqa: TID251 - a type only
    from pathlib import Path

    from gitlab_project import Project

    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]
COMMANDS = job_commands(ROOT / "gitlab-ci-templates" / "provision.yml")
SLOW = """
resource "terraform_data" "slow" {
  depends_on = [terraform_data.note]
  provisioner "local-exec" { command = "touch STARTED; sleep 4" }
}
"""


def start(
    project: Project, code: Repository, libraries: Path, **context: str
) -> subprocess.Popen[str]:
    variables = {
        **project.variables,
        "CI_PROJECT_DIR": str(project.folder),
        "WITH_PURVEYOR_CACHE": str(libraries),
        "PURVEYOR_SOURCE": str(code.folder),
        "PURVEYOR_REVISION": code.revision,
        "PURVEYOR_ID_TOKEN": "made-up",
        **context,
    }
    return start_job(project.folder, COMMANDS, variables, project.environment)


@pytest.mark.parametrize("route", ["PURVEYOR_CONTEXT", "CONTEXT"])
def test_a_context_of_200_kb_passes_though_no_program_could_start_with_it(
    project: Project, emulator: Emulator, code: Repository, libraries: Path, route: str
) -> None:
    note = str(emulator.create_service("note", name="a-note")["id"])
    asked = emulator.request_action(note, "create", {"text": HOSTILE["200 kB"]})
    text = wire_text(asked)
    assert len(text) > 200_000
    job = start(project, code, libraries, **{route: text})
    log, _ = job.communicate(timeout=60)
    assert job.returncode == 0, log
    assert kept_text(project.folder) == HOSTILE["200 kB"]
    assert not list(project.folder.parent.rglob("pwned"))


def test_a_cancelled_job_stops_terraform_once_and_the_platform_hears(
    project: Project, emulator: Emulator, code: Repository, libraries: Path
) -> None:
    started = project.folder.parent / "started"
    slow = SLOW.replace("STARTED", str(started))
    (project.folder / "modules" / "note" / "slow.tf").write_text(slow)
    note = str(emulator.create_service("note", name="a-note")["id"])
    asked = emulator.request_action(note, "create", {"text": "x"})
    job = start(project, code, libraries, PURVEYOR_CONTEXT=wire_text(asked))
    wait_for(started, job)
    os.killpg(job.pid, signal.SIGTERM)
    log, _ = job.communicate(timeout=60)
    assert job.returncode != 0
    assert emulator.action(action_id(asked))["status"] in {"failed", "cancelled"}, log
    (state,) = project.folder.rglob("*.tfstate")
    assert "terraform_data" in state.read_text()
    assert not list(project.folder.rglob("*.lock.info"))


def wait_for(file: Path, job: subprocess.Popen[str]) -> None:
    """Wait until the engine works."""
    end = time.monotonic() + 30
    while not file.exists():
        if job.poll() is not None or time.monotonic() > end:
            job.kill()
            pytest.fail(f"the engine did not begin: {job.communicate()[0]}")
        time.sleep(0.05)


def test_the_token_and_the_context_lie_in_files_for_this_user_only(
    project: Project, emulator: Emulator, code: Repository, libraries: Path
) -> None:
    note = str(emulator.create_service("note", name="a-note")["id"])
    asked = emulator.request_action(note, "create", {"text": "x"})
    job = start(project, code, libraries, PURVEYOR_CONTEXT=wire_text(asked))
    log, _ = job.communicate(timeout=60)
    assert job.returncode == 0, log
    folder = project.folder.with_name(f"{project.folder.name}.tmp") / "purveyor"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "id-token").read_text() == "made-up"

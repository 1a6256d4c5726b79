"""Which run of which CI this is, from the variables that the CI sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.run_identity import RunIdentity, read_machine

if TYPE_CHECKING:
    from purveyor.ci.model import CI
    from purveyor.settings import Settings

# The variables of the project, the run and the try. GitLab gives a retried job a new id.
_VARIABLES = {
    "github": ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    "gitlab": ("CI_PROJECT_PATH", "CI_JOB_ID", ""),
    "azure": ("SYSTEM_TEAMPROJECT", "BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),
}


def read_identity(ci: CI, settings: Settings) -> RunIdentity:
    """Return this run's identity."""
    names = _VARIABLES.get(ci.name, ("", "", ""))
    project, run, attempt = ((settings.text(name) or "") if name else "" for name in names)
    machine = read_machine()
    return RunIdentity(
        ci=ci.name,
        run=run,
        attempt=int(attempt) if attempt.isdecimal() else 1,
        url=ci.run_url(),
        project=project,
        host=machine.host,
        boot=machine.boot,
        pid=machine.pid,
    )

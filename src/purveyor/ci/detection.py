"""Which CI we are in, and which of its runs this is."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, TextIO

from purveyor.ci.console import Console
from purveyor.ci.terminal import Terminal
from purveyor.run_identity import RunIdentity, read_machine

if TYPE_CHECKING:
    from purveyor.ci.model import CI
    from purveyor.settings import Settings

_MARKS = {"GITHUB_ACTIONS": "GitHub", "GITLAB_CI": "GitLab", "TF_BUILD": "Azure"}

# The variables of the project, the run and the try. GitLab gives a retried job a new id.
_VARIABLES = {
    "github": ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    "gitlab": ("CI_PROJECT_PATH", "CI_JOB_ID", ""),
    "azure": ("SYSTEM_TEAMPROJECT", "BUILD_BUILDID", "SYSTEM_JOBATTEMPT"),
}


def detect(settings: Settings, *, stream: TextIO, errors: TextIO) -> CI:
    """Return the CI that set its mark in the environment, else the terminal.

    Everything is written to `stream`; `errors` hears once of what could not be written.
    """
    console = Console(stream, errors)
    for mark, vendor in _MARKS.items():
        if (settings.text(mark) or "").lower() == "true":
            module = importlib.import_module(f"purveyor.ci.{vendor.lower()}")
            ci: CI = getattr(module, vendor)(console, settings)
            return ci
    return Terminal(console, settings)


def read_identity(ci: CI, settings: Settings) -> RunIdentity:
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

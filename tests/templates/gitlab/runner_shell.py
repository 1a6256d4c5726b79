"""A stand-in for GitLab Runner's shell executor: its script, and how it ends a cancelled job.

Written after gitlab-runner's documentation and sources (shells/bash.go, helpers/process): every
variable is exported by the script itself, the job's commands are one text given to `eval` at the
end of a pipe, and a cancelled job's process group gets SIGTERM. gitlab-ci-local does neither.
"""

from __future__ import annotations

import shlex
import subprocess  # noqa: TID251 - bash is started as the runner starts it
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def job_commands(template: Path) -> list[str]:
    """Return the commands of the template's one job."""
    _, jobs = yaml.safe_load_all(template.read_text())
    (job,) = jobs.values()
    return [str(line) for line in job["script"]]


def runner_script(commands: list[str], variables: Mapping[str, str]) -> str:
    """Write what the runner gives to bash."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    body = "\n".join([*exports, *commands])
    return f"set -eo pipefail\nset +o noclobber\n: | eval {shlex.quote(body)}\nexit 0\n"


def start_job(
    folder: Path, commands: list[str], variables: Mapping[str, str], environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start bash as the leader of a process group, with the script on its standard input."""
    child = subprocess.Popen(
        ["bash"],  # noqa: S607 - the runner looks it up on PATH
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert child.stdin is not None
    child.stdin.write(runner_script(commands, variables))
    child.stdin.close()
    child.stdin = None
    return child

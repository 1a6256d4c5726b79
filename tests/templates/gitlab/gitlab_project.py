"""A project on GitLab and its pipeline, run by gitlab-ci-local."""

from __future__ import annotations

import subprocess  # noqa: TID251 - gitlab-ci-local is started
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """How the job ended."""

    code: int
    log: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project whose pipeline is the example."""

    folder: Path
    environment: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)

    def run(
        self, *, context: str | None = None, variable: str | None = None, job: str = "purveyor"
    ) -> Job:
        """Run a job with the CONTEXT as the pipeline's input, or as a pipeline variable."""
        inputs = {} if context is None else {"context": context}
        given = self.variables if variable is None else {**self.variables, "CONTEXT": variable}
        self._write(".gitlab-ci-local-inputs.yml", inputs)
        self._write(".gitlab-ci-local-variables.yml", given)
        # GitLab's published schema is the editor's: it looks at a file before inputs are filled in,
        # gitlab-ci-local at what comes out, and there a text may have 1024 characters at most.
        command = ["gitlab-ci-local", "--force-shell-executor", "--json-schema-validation=false"]
        # It calls every project's folder /gcl-builds otherwise.
        command += ["--variable", f"CI_PROJECT_DIR={self.folder}", job]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )
        return Job(done.returncode, done.stdout + done.stderr)

    def _write(self, name: str, values: dict[str, str]) -> None:
        # JSON is YAML; ASCII, since the reader cuts text at U+2028 otherwise.
        (self.folder / name).write_text(json_text.write(values))

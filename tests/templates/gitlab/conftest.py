"""A GitLab project with the example pipeline, run by gitlab-ci-local."""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251 - gitlab-ci-local is started
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.emulator import Emulator
from template_bench import (
    ROOT,
    SEED,
    Repository,
    commit_all,
    git,
    leave_out_without,
    made_catalog,
    made_repository,
    programs,
    ready_cache,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from template_tools import Tools

EXAMPLE = ROOT / "examples" / "gitlab" / ".gitlab-ci.yml"
NOWHERE = "0" * 40


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

    def run(self, *, context: str | None = None, variable: str | None = None) -> Job:
        """Run the job with the CONTEXT as the pipeline's input, or as a pipeline variable."""
        inputs = {} if context is None else {"context": context}
        given = self.variables if variable is None else {**self.variables, "CONTEXT": variable}
        self._write(".gitlab-ci-local-inputs.yml", inputs)
        self._write(".gitlab-ci-local-variables.yml", given)
        command = ["gitlab-ci-local", "--force-shell-executor", "purveyor"]
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


@pytest.fixture(scope="session")
def code(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Our code in a repository."""
    return made_repository(checkout, tmp_path_factory.mktemp("repository") / "purveyor")


@pytest.fixture(scope="session")
def libraries(code: Repository, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the libraries in it."""
    return ready_cache(code.folder, tmp_path_factory.mktemp("libraries"))


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that knows notes."""
    with Emulator.running(seed=SEED) as running:
        yield running


@pytest.fixture
def project(
    tools: Tools,
    code: Repository,
    libraries: Path,
    emulator: Emulator,
    terraform: Path,
    clean_environment: dict[str, str],
    tmp_path: Path,
) -> Project:
    """A project that holds a catalog, the template and the example pipeline."""
    programs_of_npm = tools.program("gitlab-ci-local").parent
    leave_out_without("rsync")
    folder = made_catalog(tmp_path / "project")
    shutil.copy(ROOT / "gitlab-ci-templates" / "provision.yml", folder)
    (folder / ".gitlab-ci.yml").write_text(adapted(EXAMPLE.read_text(), code, libraries))
    commit_all(folder)
    git(folder, "remote", "add", "origin", "git@gitlab.example.com:acme/catalog.git")
    path = programs(tmp_path / "programs", terraform=terraform)
    return Project(
        folder,
        {**clean_environment, "PATH": f"{programs_of_npm}:{path}"},
        {"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "api", **emulator.environment()},
    )


def adapted(example: str, code: Repository, cache: Path) -> str:
    """Return the example with our repository for the one it names, and the template beside it."""
    lines = example.splitlines()
    (remote,) = (each for each in lines if each.startswith("  - remote:"))
    assert remote.endswith(f"/{NOWHERE}/gitlab-ci-templates/provision.yml")
    return (
        example.replace(remote, "  - local: provision.yml")
        .replace("https://github.com/acme/purveyor.git", str(code.folder))
        .replace(NOWHERE, code.revision)
        .replace("      context: $[[", f"      cache: {cache}\n      context: $[[")
    )

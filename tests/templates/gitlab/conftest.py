"""A GitLab project with the example pipeline, run by gitlab-ci-local."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from gitlab_project import Project
from template_fixtures import (
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

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from template_tools import Tools

EXAMPLE = ROOT / "examples" / "gitlab" / ".gitlab-ci.yml"
NOWHERE = "0" * 40


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
def project(  # noqa: PLR0917 - fixtures are asked for by name
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
        {
            "GITLAB_CI": "true",  # gitlab-ci-local says false
            "CI_PIPELINE_SOURCE": "api",
            **emulator.environment(),
        },
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

"""An Azure job: workspace with catalog and our code, Microsoft's task library, the emulator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from agent import Agent
from template_fixtures import (
    ROOT,
    SEED,
    commit_all,
    made_catalog,
    made_repository,
    programs,
    ready_cache,
)

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from template_tools import Tools


@pytest.fixture(scope="session")
def libraries(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the libraries in it."""
    return ready_cache(checkout, tmp_path_factory.mktemp("libraries"))


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that knows notes."""
    with Emulator.running(seed=SEED) as running:
        yield running


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """The catalog as the job has checked it out."""
    folder = made_catalog(tmp_path / "work" / "catalog")
    commit_all(folder)
    return folder


@pytest.fixture
def agent(  # noqa: PLR0917 - fixtures are asked for by name
    tools: Tools,
    checkout: Path,
    libraries: Path,
    emulator: Emulator,
    terraform: Path,
    clean_environment: dict[str, str],
    catalog: Path,
) -> Agent:
    """An agent that has checked out catalog and code."""
    workspace = catalog.parent
    (workspace / "temp").mkdir()
    code = made_repository(checkout, workspace / "purveyor")
    npm = tools.program("gitlab-ci-local").parent
    path = programs(workspace / "programs", terraform=terraform)
    return Agent(
        template=ROOT / "azure-templates" / "steps.yml",
        workspace=workspace,
        task=Path(__file__).with_name("bash_task.cjs"),
        task_lib=npm.parent / "azure-pipelines-task-lib",
        environment={**clean_environment, "PATH": f"{npm}:{path}"},
        parameters={
            "revision": code.revision,
            "cache": str(libraries),
            "platform-host": emulator.url,
        },
        secrets={"NULLPLATFORM_API_KEY": emulator.api_key, "System.AccessToken": "made-up-token"},
    )

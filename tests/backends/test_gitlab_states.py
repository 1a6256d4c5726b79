"""States that GitLab keeps, against a double laid out as GitLab's documentation says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import Place, Workbench, entity

from http_state_server import PROJECT, run_http_states
from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.catalog.backend import GitlabBackendConfig
from purveyor.errors import CatalogError, CredentialsError, StateLockedError
from purveyor.settings import Settings
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.backends import Backend

IN_GITLAB = pytest.mark.parametrize("place", ["gitlab"], indirect=True)
KEY = StateKey("services/5a1f.tfstate", exists=True)


def state(serial: int) -> str:
    return json_text.write({"version": 4, "serial": serial, "lineage": "l"})


def open_with(environment: dict[str, str], root: Path, **changes: str) -> Backend:
    config = GitlabBackendConfig.model_validate({"type": "gitlab"} | changes)
    return open_backend(config, root=root, settings=Settings(environment))


def test_a_job_knows_its_project_its_gitlab_and_its_token(tmp_path: Path) -> None:
    job = {"CI_JOB_TOKEN": "t0ken", "CI_PROJECT_ID": "7", "CI_API_V4_URL": "https://git/api/v4"}
    block = open_with(job, tmp_path).block(KEY)
    address = "https://git/api/v4/projects/7/terraform/state/service-5a1f"
    assert block.type == "http"
    assert block.environment == {"TF_HTTP_PASSWORD": "t0ken"}
    assert block.arguments == {
        "address": address,
        "update_method": "POST",
        "lock_address": f"{address}/lock",
        "lock_method": "POST",
        "unlock_address": f"{address}/lock",
        "unlock_method": "DELETE",
        "username": "gitlab-ci-token",
    }


def test_outside_gitlab_a_project_and_a_token_are_named(tmp_path: Path) -> None:
    block = open_with({"BOT": "glpat"}, tmp_path, project="acme/infra", token_from="BOT").block(KEY)
    address = "https://gitlab.com/api/v4/projects/acme%2Finfra/terraform/state/service-5a1f"
    assert block.arguments["address"] == address
    assert block.arguments["username"] != "gitlab-ci-token"
    assert block.environment == {"TF_HTTP_PASSWORD": "glpat"}


def test_a_missing_project_or_token_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not know its project"):
        open_with({"CI_JOB_TOKEN": "t"}, tmp_path)
    with pytest.raises(CredentialsError, match="CI_JOB_TOKEN is not set"):
        open_with({"CI_PROJECT_ID": "7"}, tmp_path)
    with pytest.raises(CredentialsError, match="BOT is not set"):
        open_with({"CI_PROJECT_ID": "7", "CI_JOB_TOKEN": "t"}, tmp_path, token_from="BOT")


def test_an_access_token_opens_the_states(tmp_path: Path) -> None:
    with run_http_states(("purveyor", "glpat")) as server:
        backend = open_with(
            {"BOT": "glpat"}, tmp_path,
            project=PROJECT, token_from="BOT", address=f"{server.url}/api/v4",
        )  # fmt: skip
        assert backend.locate(entity()).exists is False


@IN_GITLAB
def test_earlier_serials_are_found_over_a_gap_and_the_newest_comes_first(place: Place) -> None:
    for serial in (1, 2, 30, 33, 35):
        place.put(KEY.path, state(serial))
    versions = place.backend.versions(KEY)
    assert [(each.id, each.latest) for each in versions] == [
        ("35", True),
        ("33", False),
        ("30", False),
    ]
    assert place.backend.read_version(KEY, "2") == state(2)


@IN_GITLAB
def test_what_gitlab_locks_is_neither_deleted_nor_freed_by_another_id(
    place: Place, terraform: Path, tmp_path: Path
) -> None:
    bench = Workbench(terraform, place, tmp_path)
    key = place.backend.locate(entity())
    bench.apply(key)
    bench.hold(key).kill()
    with pytest.raises(StateLockedError):
        place.backend.remove(key)
    with pytest.raises(StateLockedError):
        place.backend.unlock(key, "wrong")
    assert place.paths() == [key.path]

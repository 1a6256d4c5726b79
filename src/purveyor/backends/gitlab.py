"""States that GitLab keeps in a project: its http protocol with its own addresses and versions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor.backends.http import HttpStates
from purveyor.backends.http_place import NAME, HttpPlace
from purveyor.backends.model import StateVersion, no_version
from purveyor.errors import CatalogError, CredentialsError
from purveyor.state_key import KEYS_BY_ID, combine
from purveyor.transport.pools import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.catalog.backend import GitlabBackendConfig
    from purveyor.settings import Settings
    from purveyor.state_key import StateKey

_GITLAB = "https://gitlab.com/api/v4"
_JOB_USER = "gitlab-ci-token"
# GitLab looks at the token only, yet the engine sends none without a name.
_TOKEN_USER = "purveyor"  # noqa: S105 - a user's name
_MOST_VERSIONS = 20


def open_gitlab(config: GitlabBackendConfig, settings: Settings) -> GitlabStates:
    """Return the states of a catalog's `gitlab` backend.

    Raise CatalogError when no project is known, CredentialsError when there is no token.
    """
    project = config.project or settings.text("CI_PROJECT_ID")
    if project is None:
        raise CatalogError(
            "The backend `gitlab` does not know its project.",
            hint="Set `backend.project` in the catalog; in GitLab's own jobs it is the job's.",
        )
    name = config.token_from or "CI_JOB_TOKEN"
    token = settings.text(name)
    if token is None:
        raise CredentialsError(
            f"There is no token for GitLab's states: {name} is not set.",
            hint="Run in a GitLab job, or set `backend.token_from` to the name of a variable that"
            " holds an access token with the scope `api`.",
        )
    api = config.address or settings.text("CI_API_V4_URL") or _GITLAB
    state = f"{api.rstrip('/')}/projects/{quote(project, safe='')}/terraform/state/{NAME}"
    place = HttpPlace(
        title="GitLab",
        address=state,
        lock_address=f"{state}/lock",
        unlock_address=f"{state}/lock",
        lock_method="POST",
        unlock_method="DELETE",
        lock_stops_removal=True,
    )
    user = _TOKEN_USER if config.token_from else _JOB_USER
    who = Identity(username=user, password=token)
    return GitlabStates(place, who, combine(config.keys, KEYS_BY_ID))


class GitlabStates(HttpStates):
    """States of one project, whose earlier versions GitLab keeps by serial."""

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """Ask for the latest serial and for those before it, a request each, at most twenty."""
        state = self.read(key)
        if state is None:
            return ()
        oldest = max(state.serial - _MOST_VERSIONS, -1)
        found = []
        for serial in range(state.serial, oldest, -1):
            answer = self._http.state(key.path, below=f"/versions/{serial}", body=False)
            if answer is not None:
                latest = serial == state.serial
                found.append(StateVersion(str(serial), None, answer.length, latest=latest))
        return found

    def unversioned(self) -> str:
        return ""

    def read_version(self, key: StateKey, version_id: str) -> str:
        if not (version_id.isascii() and version_id.isdecimal()):
            raise no_version(key.path, version_id)
        answer = self._http.state(key.path, below=f"/versions/{int(version_id)}")
        if answer is None:
            raise no_version(key.path, version_id)
        return answer.text

"""Asks GitHub about one attempt of a workflow run, through PyGithub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dispatch.model import SECONDS, RunState

if TYPE_CHECKING:
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings

TOKENS = ("GITHUB_TOKEN",)
ADDRESSES = ("GITHUB_API_URL",)
_API = "https://api.github.com"


def ask(identity: RunIdentity, settings: Settings, token: str) -> RunState:
    """Return what GitHub says; raise what PyGithub raises.

    A run is `completed` when all its jobs are; a later attempt starts only after that
    (docs.github.com, "REST API endpoints for workflow runs").
    """
    from github import Auth, Github

    address = (settings.first(*ADDRESSES) or _API).rstrip("/")
    # Lazy: the project itself is not asked for. No retries: the next sweep asks again.
    with Github(
        auth=Auth.Token(token), base_url=address, timeout=int(SECONDS), retry=None, lazy=True
    ) as api:
        run = api.get_repo(identity.project).get_workflow_run(int(identity.run))
        if run.run_attempt != identity.attempt:
            run = run.get_attempt(identity.attempt)
        ended = run.status == "completed"
        return RunState(not ended, run.conclusion or run.status or "", identity.url)

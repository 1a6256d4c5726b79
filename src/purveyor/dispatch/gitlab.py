"""Asks GitLab about one job, through python-gitlab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dispatch.model import SECONDS, RunState

if TYPE_CHECKING:
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings

# A job's own token may not read other jobs (docs.gitlab.com, "CI/CD job token").
TOKENS = ("GITLAB_TOKEN",)
ADDRESSES = ("CI_API_V4_URL", "CI_SERVER_URL")
# `canceling` still runs, and `manual` and `scheduled` are yet to begin (docs.gitlab.com, "Jobs
# API").
_ENDED = frozenset({"success", "failed", "canceled", "skipped"})


def ask(identity: RunIdentity, settings: Settings, token: str) -> RunState:
    """Return what GitLab says; raise what python-gitlab raises."""
    from gitlab import Gitlab

    address = (settings.first(*ADDRESSES) or "").rstrip("/").removesuffix("/api/v4")
    with Gitlab(address, private_token=token, timeout=SECONDS) as api:
        # It would wait 100 s for a server that says 429 (measured); the next sweep asks again.
        jobs = api.projects.get(identity.project, lazy=True).jobs
        job = jobs.get(int(identity.run), obey_rate_limit=False)
        return RunState(job.status not in _ENDED, str(job.status), identity.url)

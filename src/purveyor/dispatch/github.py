"""Starts, looks up and cancels GitHub's workflow runs, through PyGithub."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

from purveyor.dispatch.model import SECONDS, RunState, Vendor
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from github import Github
    from github.Workflow import Workflow

    from purveyor.dispatch.model import MergeRequest, PipelineTarget

_NEWEST = 100
_LOOKS, _PAUSE = 15, 1.0  # how often, and with how many seconds between


class GitHubRuns(Vendor):
    """Workflow runs, and each attempt of one."""

    NAME = "GitHub"
    TOKENS = ("GITHUB_TOKEN",)
    ADDRESSES = ("GITHUB_API_URL",)
    DEFAULT = "https://api.github.com"
    # Of all inputs (docs.github.com, "Events that trigger workflows", workflow_dispatch).
    LONGEST = 65_535
    NEEDS = (
        "The token needs *Actions: write* on the repository; the workflow needs `workflow_dispatch`"
        " with an input `context`, on the default branch and on the one that is named."
    )
    COMMENT_NEEDS = "The token needs *Pull requests: write* on the repository."
    LONGEST_COMMENT = 65_536

    def start(self, target: PipelineTarget, context: str) -> RunIdentity:
        from github import GithubException

        inputs = {"context": context}
        with self._open() as api:
            workflow = api.get_repo(target.project).get_workflow(target.pipeline)
            try:
                run = workflow.create_dispatch(
                    target.reference, inputs, throw=True, return_run_details=True
                )
                return _identify(target, run.html_url, str(run.id))
            except GithubException as error:
                # A server that is older than February 2026 does not know the key: nothing began.
                if error.status not in {400, 422} or "return_run_details" not in str(error.data):
                    raise
            before = _list(workflow, target)
            workflow.create_dispatch(target.reference, inputs, throw=True)
            for _ in range(_LOOKS):
                time.sleep(_PAUSE)
                new = _list(workflow, target).items() - before.items()
                if len(new) == 1:  # others may have begun at the same time
                    number, page = new.pop()
                    return _identify(target, page, str(number))
        site = self.address.removesuffix("/api/v3").replace("://api.", "://")
        return _identify(target, f"{site}/{target.project}/actions/workflows/{target.pipeline}")

    def ask(self, identity: RunIdentity) -> RunState:
        """Return what GitHub says of one attempt.

        A run is `completed` when all its jobs are; a later attempt starts only after that
        (docs.github.com, "REST API endpoints for workflow runs").
        """
        with self._open() as api:
            run = api.get_repo(identity.project).get_workflow_run(int(identity.run))
            if run.run_attempt != identity.attempt:
                run = run.get_attempt(identity.attempt)
            ended = run.status == "completed"
            return RunState(not ended, run.conclusion or run.status or "", identity.url)

    def cancel(self, identity: RunIdentity) -> None:
        with self._open() as api:
            # The library's own `cancel` does not say why it was refused.
            path = f"/repos/{identity.project}/actions/runs/{identity.run}/cancel"
            api.requester.requestJsonAndCheck("POST", path)

    def comment(self, place: MergeRequest, mark: str, text: str) -> None:
        with self._open() as api:
            issue = api.get_repo(place.project).get_issue(place.number)
            for each in issue.get_comments():
                if each.body.startswith(mark):
                    each.edit(text)
                    return
            issue.create_comment(text)

    def _open(self) -> Github:
        from github import Auth, Github

        auth, seconds = Auth.Token(self.token), int(SECONDS)
        # Lazy: the project itself is not asked for. No retries: who calls decides.
        return Github(auth=auth, base_url=self.address, timeout=seconds, retry=None, lazy=True)


def _identify(target: PipelineTarget, page: str, number: str = "") -> RunIdentity:
    return RunIdentity("github", run=number, url=page, project=target.project)


def _list(workflow: Workflow, target: PipelineTarget) -> dict[int, str]:
    """Return the newest runs that somebody started: their numbers and pages."""
    runs = workflow.get_runs(branch=target.reference, event="workflow_dispatch")
    return {run.id: run.html_url for run in islice(runs, _NEWEST)}

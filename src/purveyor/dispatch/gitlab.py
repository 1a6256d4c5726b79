"""Starts GitLab's pipelines, looks up and cancels these and jobs, through python-gitlab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from purveyor.dispatch.errors import refuse
from purveyor.dispatch.model import SECONDS, RunState, Vendor
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from gitlab import Gitlab

    from purveyor.dispatch.model import MergeRequest, PipelineTarget

# `canceling` still runs, and `manual` and `scheduled` are yet to begin (docs.gitlab.com, "Jobs
# API").
_ENDED = frozenset({"success", "failed", "canceled", "skipped"})
# With more in one variable Linux starts no program: then GitLab keeps it in a file.
_LONGEST_VARIABLE = 100_000
_PIPELINE = "pipeline/"


class GitLabRuns(Vendor):
    """Pipelines, which are started, and jobs, which carry out actions and are in the journal.

    The identity of a pipeline has its number behind `pipeline/`, that of a job the number alone.
    """

    NAME = "GitLab"
    # A job's own token may not read other jobs (docs.gitlab.com, "CI/CD job token").
    TOKENS = ("GITLAB_TOKEN",)
    ADDRESSES = ("CI_API_V4_URL", "CI_SERVER_URL")
    LONGEST = 1 << 20
    NEEDS = (
        "The token needs the scope `api` and the role Developer. Where the project lets nobody set"
        " pipeline variables, use --as-input, for which the pipeline needs an input `context`."
    )
    COMMENT_NEEDS = "The token needs the scope `api` and the role Reporter."
    LONGEST_COMMENT = 1_000_000

    def start(self, target: PipelineTarget, context: str) -> RunIdentity:
        kind = "file" if len(context) > _LONGEST_VARIABLE else "env_var"
        given: dict[str, Any] = {"inputs": {"context": context}}
        if not target.as_input:
            given = {"variables": [{"key": "CONTEXT", "value": context, "variable_type": kind}]}
        with self._open() as api:
            pipelines = api.projects.get(target.project, lazy=True).pipelines
            run = pipelines.create({"ref": target.reference, **given}, obey_rate_limit=False)
        number = f"{_PIPELINE}{run.id}"
        return RunIdentity("gitlab", number, url=run.web_url, project=target.project)

    def ask(self, identity: RunIdentity) -> RunState:
        with self._open() as api:
            run = _find(api, identity)
            return RunState(run.status not in _ENDED, str(run.status), identity.url)

    def cancel(self, identity: RunIdentity) -> None:
        with self._open() as api:
            _find(api, identity).cancel(obey_rate_limit=False)

    def comment(self, place: MergeRequest, mark: str, text: str) -> None:
        with self._open() as api:
            project = api.projects.get(place.project, lazy=True)
            notes = project.mergerequests.get(place.number, lazy=True).notes
            for each in notes.list(iterator=True, obey_rate_limit=False):
                if each.body.startswith(mark):
                    notes.update(each.id, {"body": text}, obey_rate_limit=False)
                    return
            notes.create({"body": text}, obey_rate_limit=False)

    def _open(self) -> Gitlab:
        from gitlab import Gitlab
        from requests import Session

        session = Session()
        session.hooks["response"].append(refuse)
        address = self.address.removesuffix("/api/v4")
        return Gitlab(address, private_token=self.token, timeout=SECONDS, session=session)


def _find(api: Gitlab, identity: RunIdentity) -> Any:
    project = api.projects.get(identity.project, lazy=True)
    runs = project.pipelines if identity.run.startswith(_PIPELINE) else project.jobs
    # It would wait 100 s for a server that says 429 (measured); the next sweep asks again.
    return runs.get(int(identity.run.removeprefix(_PIPELINE)), obey_rate_limit=False)

"""Starts, looks up and cancels runs of Azure Pipelines, through Microsoft's azure-devops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from purveyor.dispatch.errors import refuse
from purveyor.dispatch.model import SECONDS, RunState, Vendor
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from purveyor.dispatch.model import MergeRequest, PipelineTarget


class AzureRuns(Vendor):
    """Runs of pipelines, which are builds under the same number."""

    NAME = "Azure Pipelines"
    TOKENS = ("SYSTEM_ACCESSTOKEN",)
    ADDRESSES = ("SYSTEM_COLLECTIONURI",)
    # `CONTEXT=` and the text become one string of the environment (man 2 execve: 128 KiB).
    LONGEST = (128 << 10) - len("CONTEXT=") - 1
    NEEDS = (
        "The token needs *Build: read & execute*, and *Queue builds* on the pipeline; the pipeline"
        " needs a variable CONTEXT with *Let users override this value when running this pipeline*."
    )
    COMMENT_NEEDS = "The build service needs *Contribute to pull requests* on the repository."
    LONGEST_COMMENT = 150_000

    def start(self, target: PipelineTarget, context: str) -> RunIdentity:
        from azure.devops.released.pipelines import (  # type: ignore[import-untyped]  # it has no types
            PipelinesClient,
        )

        name = target.reference
        name = name if name.startswith("refs/") else f"refs/heads/{name}"
        asked = {
            "resources": {"repositories": {"self": {"refName": name}}},
            "variables": {"CONTEXT": {"value": context}},
        }
        client = self._open(PipelinesClient)
        number = client.run_pipeline(asked, target.project, int(target.pipeline)).id
        page = f"{self.address}/{quote(target.project)}/_build/results?buildId={number}"
        return RunIdentity("azure", str(number), url=page, project=target.project)

    def ask(self, identity: RunIdentity) -> RunState:
        """Return what Azure says.

        A build whose job is tried again is in progress again, under the same number: then an
        earlier try passes for alive, which is the safe mistake.
        """
        build = self._builds().get_build(identity.project, int(identity.run))
        ended = build.status == "completed"
        word = (build.result or build.status) if ended else build.status
        return RunState(not ended, str(word), identity.url)

    def cancel(self, identity: RunIdentity) -> None:
        asked = {"status": "cancelling"}
        self._builds().update_build(asked, identity.project, int(identity.run))

    def comment(self, place: MergeRequest, mark: str, text: str) -> None:
        from azure.devops.released.git import (  # type: ignore[import-untyped]  # it has no types
            GitClient,
        )

        where: Any = (place.repository, place.number)
        client = self._open(GitClient)
        for thread in client.get_threads(*where, place.project):
            for each in (thread.comments or ())[:1]:
                if (each.content or "").startswith(mark):
                    client.update_comment(
                        {"content": text}, *where, thread.id, each.id, place.project
                    )
                    return
        # Closed: a thread that is open keeps the pull request from being completed.
        made = {"comments": [{"content": text, "commentType": "text"}], "status": "closed"}
        client.create_thread(made, *where, place.project)

    def _builds(self) -> Any:
        from azure.devops.released.build import (  # type: ignore[import-untyped]  # it has no types
            BuildClient,
        )

        return self._open(BuildClient)

    def _open(self, kind: Any) -> Any:
        from msrest.authentication import BasicAuthentication

        # Both kinds are served by the collection itself: no need to ask where their areas lie.
        client = kind(self.address, BasicAuthentication("", self.token))
        client.config.connection.timeout = SECONDS
        client.config.retry_policy.retries = 0
        client.config.hooks.append(refuse)
        return client

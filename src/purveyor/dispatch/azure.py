"""Starts, looks up and cancels runs of Azure Pipelines, through Microsoft's azure-devops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from purveyor.dispatch.errors import refuse
from purveyor.dispatch.model import SECONDS, RunState, Vendor
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from purveyor.dispatch.model import PipelineTarget


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

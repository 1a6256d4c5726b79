"""Asks Azure Pipelines about one build, through Microsoft's azure-devops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dispatch.model import SECONDS, RunState

if TYPE_CHECKING:
    from purveyor.run_identity import RunIdentity
    from purveyor.settings import Settings

TOKENS = ("SYSTEM_ACCESSTOKEN",)
ADDRESSES = ("SYSTEM_COLLECTIONURI",)


def ask(identity: RunIdentity, settings: Settings, token: str) -> RunState:
    """Return what Azure says; raise what azure-devops raises.

    A build whose job is tried again is in progress again, under the same number: then an earlier
    try passes for alive, which is the safe mistake.
    """
    from azure.devops.released.build import (  # type: ignore[import-untyped]  # it has no types
        BuildClient,
    )
    from msrest.authentication import BasicAuthentication

    # Builds are served by the collection itself: no need to ask where their area lives.
    client = BuildClient(settings.first(*ADDRESSES), BasicAuthentication("", token))
    client.config.connection.timeout = SECONDS
    client.config.retry_policy.retries = 0
    build = client.get_build(identity.project, int(identity.run))
    ended = build.status == "completed"
    word = (build.result or build.status) if ended else build.status
    return RunState(not ended, str(word), identity.url)

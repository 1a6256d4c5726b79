"""The begin of a service's creation, as tests of the journal write it."""

from __future__ import annotations

from purveyor.journal import Begin
from purveyor.run_identity import RunIdentity

GITHUB = RunIdentity(ci="github", run="100", attempt=1, url="https://ci/100", project="acme/infra")


def make_begin(identity: RunIdentity = GITHUB, *, at: float = 1000.0, action: str = "a-1") -> Begin:
    """Return the first attempt of an action on service `s-1`; `at` in seconds since 1970."""
    return Begin(
        action=action,
        attempt=1,
        digest="d",
        kind="service",
        entity="s-1",
        service="s-1",
        operation="create",
        state_key="",
        identity=identity,
        at=at,
    )

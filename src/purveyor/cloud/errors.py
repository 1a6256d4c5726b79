"""What a cloud's failures mean, in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, RecoveryError
from purveyor.transport.errors import FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping


class Failure(NamedTuple):
    """Why a request failed; `detail` is the cloud's own line, which holds no secret."""

    kind: FailureKind
    detail: str


class Cloud(NamedTuple):
    """A vendor's words: its name, where the catalog names the store, how a run logs in."""

    name: str
    setting: str
    login: str


def store_error(
    cloud: Cloud, place: str, kind: FailureKind, detail: str, *, store: str, region: str = ""
) -> PurveyorError:
    """Return the error for a request about `place`; `detail` is the cloud's own line.

    `store` is what the place lies in, such as `bucket acme-states`.
    """
    if kind in CREDENTIALS:
        return credentials_error(cloud, f"the state {place}", kind, detail)
    if kind is FailureKind.MISSING:
        return missing_store(store, detail)
    problem, hint = _PROBLEMS.get(kind, _UNKNOWN)
    return RecoveryError(
        f"The state {place} cannot be reached: {problem.format(cloud=cloud, region=region)}.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint=hint.format(cloud=cloud),
        details=[detail],
    )


def credentials_error(cloud: Cloud, what: str, kind: FailureKind, detail: str) -> CredentialsError:
    """Return the error for credentials that are absent, wrong, expired or not allowed to."""
    sentence, hint, reason = CREDENTIALS[kind]
    return CredentialsError(
        sentence.format(cloud=cloud, what=what),
        hint=hint.format(cloud=cloud),
        details=[detail],
        reason=reason,
    )


def missing_store(store: str, detail: str) -> RecoveryError:
    """Return the error for a place of states or records that nobody has made yet."""
    return RecoveryError(
        f"The {store} does not exist.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint="Run `purveyor state bootstrap`, which makes it, or correct its name in the catalog.",
        details=[detail],
    )


CREDENTIALS: Mapping[FailureKind, tuple[str, str, ReasonCode]] = {
    FailureKind.ABSENT: (
        "There are no {cloud.name} credentials for {what}.",
        "Let the pipeline log in to {cloud.name} before it calls Purveyor: {cloud.login}.",
        ReasonCode.CREDENTIALS_INVALID,
    ),
    FailureKind.INVALID: (
        "{cloud.name} does not accept the credentials for {what}.",
        "Check the pipeline's {cloud.name} login ({cloud.login}), and the runner's clock.",
        ReasonCode.CREDENTIALS_INVALID,
    ),
    FailureKind.EXPIRED: (
        "The {cloud.name} credentials for {what} have expired.",
        "Run the action again; if runs last that long, ask for a longer session at login.",
        ReasonCode.CREDENTIALS_EXPIRED,
    ),
    FailureKind.DENIED: (
        "The {cloud.name} credentials are not allowed to use {what}.",
        "The platform team grants it to the pipeline's identity; the details name what is missing.",
        ReasonCode.PERMISSION_DENIED,
    ),
}
_PROBLEMS = {
    FailureKind.ELSEWHERE: (
        "its bucket is in another region than {region}",
        "Set `backend.region` in the catalog to the bucket's region.",
    ),
    FailureKind.UNREACHABLE: (
        "{cloud.name} does not answer",
        "Check the runner's way out and {cloud.setting}, then run the action again.",
    ),
}
_UNKNOWN = (
    "{cloud.name} refuses the request",
    "The details hold {cloud.name}'s answer.",
)

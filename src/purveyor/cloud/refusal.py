"""A cloud's refusals in our words."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Trouble(Enum):
    """What kind of refusal a cloud, or the way to it, gave."""

    EXPIRED = "expired"
    INVALID = "invalid"
    ABSENT = "absent"
    DENIED = "denied"
    MISSING = "missing"
    UNREACHABLE = "unreachable"
    OTHER = "other"


class Cloud(NamedTuple):
    """A vendor's words: its name, where the catalog names the store, how a run logs in."""

    name: str
    store: str
    setting: str
    login: str


def refuse(cloud: Cloud, place: str, trouble: Trouble, detail: str) -> PurveyorError:
    """Return the error for a request about `place`; `detail` is the cloud's own line."""
    if trouble in _CREDENTIALS:
        sentence, hint, reason = _CREDENTIALS[trouble]
        return CredentialsError(
            sentence.format(cloud=cloud, place=place),
            hint=hint.format(cloud=cloud),
            details=[detail],
            reason=reason,
        )
    problem, hint = _PROBLEMS.get(trouble, _UNKNOWN)
    return RecoveryError(
        f"The state {place} cannot be reached: {problem.format(cloud=cloud)}.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint=hint.format(cloud=cloud),
        details=[detail],
    )


_CREDENTIALS: Mapping[Trouble, tuple[str, str, ReasonCode]] = {
    Trouble.ABSENT: (
        "There are no {cloud.name} credentials for the state {place}.",
        "Let the pipeline log in to {cloud.name} before it calls Purveyor: {cloud.login}.",
        ReasonCode.CREDENTIALS_INVALID,
    ),
    Trouble.INVALID: (
        "{cloud.name} does not accept the credentials for the state {place}.",
        "Check the pipeline's {cloud.name} login ({cloud.login}), and the runner's clock.",
        ReasonCode.CREDENTIALS_INVALID,
    ),
    Trouble.EXPIRED: (
        "The {cloud.name} credentials for the state {place} have expired.",
        "Run the action again; if runs last that long, ask for a longer login.",
        ReasonCode.CREDENTIALS_EXPIRED,
    ),
    Trouble.DENIED: (
        "The {cloud.name} credentials are not allowed to use the state {place}.",
        "The platform team grants it to the pipeline's identity; the details name what is missing.",
        ReasonCode.PERMISSION_DENIED,
    ),
}
_PROBLEMS = {
    Trouble.MISSING: (
        "its {cloud.store} does not exist",
        "Check {cloud.setting} in the catalog, or make the {cloud.store}.",
    ),
    Trouble.UNREACHABLE: (
        "{cloud.name} does not answer",
        "Check the runner's way out and {cloud.setting}, then run the action again.",
    ),
}
_UNKNOWN = (
    "{cloud.name} refuses the request",
    "The details hold {cloud.name}'s answer.",
)

"""What an answer that is no success means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.errors import CredentialsError, PlatformError, ReasonCode
from purveyor.transport.retry import RETRIED_STATUSES, TransientError

if TYPE_CHECKING:
    from purveyor.client.wire import Answer
    from purveyor.redaction import Redactor

_LONGEST = 300
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_HINTS = {
    400: "The request does not fit what the platform knows; compare the specification's schema.",
    403: "Give the API key the roles agent, developer and ops on the account.",
    404: "Check that the credentials belong to the organization that the action is from.",
}


class PlatformRefusedError(PlatformError):
    """The platform answered, and said no. `status` is HTTP's.

    `absent` when, in the platform's own words, what was asked for is not there.
    """

    default_reason = ReasonCode.PLATFORM_REFUSED

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        status: int,
        reason: ReasonCode | None = None,
        absent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, reason=reason)
        self.status = status
        self.absent = absent


def stranger(what: str) -> PlatformError:
    """Build the error for an answer that is not the platform's."""
    return PlatformError(
        f"What answered when we tried to {what} is not the platform",
        hint="Check the address in NULLPLATFORM_HOST; a proxy may have answered instead.",
        reason=ReasonCode.PLATFORM_REFUSED,
    )


def refusal_of(answer: Answer, what: str, redactor: Redactor) -> PlatformError | CredentialsError:
    """Build the error for an answer; `what` is what was tried, such as "read the action"."""
    said = _said(answer.text, redactor)
    words = f"{answer.status}: {said}" if said else f"{answer.status}"
    message = f"The platform did not let us {what} ({words})"
    if answer.status in RETRIED_STATUSES or answer.status >= 500:  # noqa: PLR2004 - HTTP's own range
        return TransientError(
            message,
            hint="Try again later; `purveyor finish` reports what the platform has not heard.",
            status=answer.status,
            retry_after=_retry_after(answer.headers.get("retry-after", "")),
        )
    if answer.status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2
        return CredentialsError(
            message,
            hint="Give a valid API key in NULLPLATFORM_API_KEY, or a fresh token in NP_TOKEN.",
        )
    forbidden = ReasonCode.PERMISSION_DENIED if answer.status == 403 else None  # noqa: PLR2004 - see 401
    hint = _HINTS.get(answer.status, "Check the address in NULLPLATFORM_HOST.")
    return PlatformRefusedError(
        message,
        hint=hint,
        status=answer.status,
        reason=forbidden,
        absent=bool(said) and answer.status == 404,  # noqa: PLR2004 - RFC 9110 section 15.5.5
    )


def _said(text: str, redactor: Redactor) -> str:
    """The platform's own message: `{"message": …}`; an answer of another shape has none."""
    try:
        body = json_text.parse(text)
    except json_text.JsonTextError:
        return ""
    said = body.get("message") if isinstance(body, dict) else None
    if not isinstance(said, str):
        return ""
    clean = _UNPRINTABLE.sub(" ", redactor.redact(said)).strip()
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def _retry_after(text: str) -> float | None:
    """Seconds from a Retry-After, which is a number or a date; None when it is neither."""
    if text.strip().isascii() and text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

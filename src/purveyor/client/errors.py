"""What an answer of the platform that is no success means, or none at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.errors import CredentialsError, PlatformError, ReasonCode
from purveyor.transport.errors import FailureKind, TransientError, is_transient

if TYPE_CHECKING:
    from purveyor.redaction import Redactor
    from purveyor.transport.connection import Response
    from purveyor.transport.errors import NoResponseError

_LONGEST = 300
_CONFLICT = 409
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_HINTS = {
    400: "The request does not fit what the platform knows; compare the specification's schema.",
    403: "Give the API key the roles agent, developer and ops on the account.",
    404: "Check that the credentials belong to the organization that the action is from.",
}


class PassingError(PlatformError, TransientError):
    """The platform did not answer, or not yet as it will; another try may help."""

    def __init__(
        self, message: str, *, hint: str, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class SetupError(PlatformError):
    """No connection can be made from here, now or later: an outage it is not."""


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


_UNANSWERED = "The platform at {address} did not answer when we tried to {what}"
_SILENCES: dict[FailureKind, tuple[type[PlatformError], str, str]] = {
    FailureKind.UNTRUSTED: (
        SetupError,
        "The platform at {address} shows a certificate that is not trusted here",
        "Set SSL_CERT_FILE to a file that holds your network's certificate authority.",
    ),
    FailureKind.SETUP: (
        SetupError,
        "No connection to the platform at {address} can be set up ({cause})",
        "Check SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY and ALL_PROXY.",
    ),
    FailureKind.UNREADABLE: (
        PlatformError,
        "The platform's answer cannot be read, to {what}: {cause}",
        "Check the address in NULLPLATFORM_HOST and the proxy.",
    ),
    FailureKind.PROXY: (
        PassingError,
        f"{_UNANSWERED}: the proxy does not let us through",
        "Check HTTPS_PROXY and NO_PROXY.",
    ),
    FailureKind.UNREACHABLE: (
        PassingError,
        f"{_UNANSWERED} ({{cause}})",
        "Check the network, HTTPS_PROXY and the address in NULLPLATFORM_HOST.",
    ),
}


def error_of(response: Response, what: str, redactor: Redactor) -> PlatformError | CredentialsError:
    """Build the error for an answer; `what` is what was tried, such as "read the action"."""
    status, said = response.status, _said(response, redactor)
    words = f"{status}: {said}" if said else f"{status}"
    message = f"The platform did not let us {what} ({words})"
    if is_transient(status) or status == _CONFLICT or status >= 500:  # noqa: PLR2004 - RFC 9110 section 15.6
        return PassingError(
            message,
            hint="Try again later; `purveyor finish` reports what the platform has not heard.",
            status=status,
            retry_after=_retry_after(response.headers.get("retry-after", "")),
        )
    kind = FailureKind.of_status(status)
    if kind is FailureKind.INVALID:
        return CredentialsError(
            message,
            hint="Give a valid API key in NULLPLATFORM_API_KEY, or a fresh token in NP_TOKEN.",
        )
    return PlatformRefusedError(
        message,
        hint=_HINTS.get(status, "Check the address in NULLPLATFORM_HOST."),
        status=status,
        reason=ReasonCode.PERMISSION_DENIED if kind is FailureKind.DENIED else None,
        absent=bool(said) and kind is FailureKind.MISSING,
    )


def silence_of(error: NoResponseError, what: str, address: str) -> PlatformError:
    """Build the error for no answer; `what` is what was tried, `address` the platform's."""
    made, sentence, hint = _SILENCES.get(error.kind, _SILENCES[FailureKind.UNREACHABLE])
    return made(sentence.format(address=address, what=what, cause=error.cause), hint=hint)


def _said(response: Response, redactor: Redactor) -> str:
    """The platform's own message: `{"message": …}`; an answer of another shape has none."""
    said = (response.document() or {}).get("message")
    if not isinstance(said, str):
        return ""
    clean = _UNPRINTABLE.sub(" ", redactor.redact(said)).strip()
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def _retry_after(text: str) -> float | None:
    """Seconds from a Retry-After, which is a number or a date; None when it is neither."""
    if text.strip().isascii() and text.strip().isdecimal():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

"""Why a request failed, in one set of kinds for every server."""

from __future__ import annotations

from enum import Enum

_TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})


class FailureKind(Enum):
    """Why a server, or the way to it, did not do what was asked."""

    # What a server said.
    EXPIRED = "expired"
    INVALID = "invalid"
    ABSENT = "absent"  # no credentials to send
    DENIED = "denied"
    MISSING = "missing"
    ELSEWHERE = "elsewhere"  # another region has it
    OTHER = "other"
    # Where nothing came that can be read.
    UNREACHABLE = "unreachable"
    PROXY = "proxy"
    TIMED_OUT = "timed out"
    UNTRUSTED = "untrusted"  # a certificate
    SETUP = "setup"  # no request can be made from here, now or later
    UNREADABLE = "unreadable"

    @classmethod
    def of_status(cls, status: int) -> FailureKind:
        """Sort HTTP's own statuses, where the server has no code of its own."""
        kinds = {401: cls.INVALID, 403: cls.DENIED, 404: cls.MISSING}  # RFC 9110 section 15.5
        return cls.UNREACHABLE if status >= 500 else kinds.get(status, cls.OTHER)  # noqa: PLR2004 - see kinds


class TransientError(Exception):
    """A failure that may pass: `status` is HTTP's, 0 where no answer came.

    `retry_after` is how many seconds the server wants to be left alone.
    """

    status: int = 0
    retry_after: float | None = None


class NoResponseError(Exception):
    """Nothing that can be read came back; the text says why and holds no secret.

    `cause` is the library's or the system's own word.
    """

    def __init__(self, kind: FailureKind, cause: str = "") -> None:
        super().__init__(_TEXTS[kind].format(cause=cause))
        self.kind = kind
        self.cause = cause


class LostResponseError(NoResponseError, TransientError):
    """No response this time; another try may have one."""


LOST = frozenset({FailureKind.UNREACHABLE, FailureKind.PROXY, FailureKind.TIMED_OUT})
_TEXTS = {
    FailureKind.UNREACHABLE: "{cause}",
    FailureKind.PROXY: "the proxy does not let us through",
    FailureKind.TIMED_OUT: "no answer in time, or one that came too slowly",
    FailureKind.UNTRUSTED: "it shows a certificate that is not trusted here; set SSL_CERT_FILE",
    FailureKind.SETUP: (
        "no connection can be set up ({cause}): check SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY"
        " and ALL_PROXY"
    ),
    FailureKind.UNREADABLE: "the answer cannot be read ({cause})",
}


def is_transient(status: int) -> bool:
    """Tell whether a request with this answer is worth another try, to any server."""
    return status in _TRANSIENT_STATUSES

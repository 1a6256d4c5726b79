"""What a CI refused, in one set of words for the three of them."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from purveyor.errors import CredentialsError, PurveyorError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from purveyor.dispatch.model import Vendor

_LONGEST_WORDS = 300
_LOGIN, _DENIED, _MISSING, _SLOW, _LIMITED, _BROKEN = 401, 403, 404, 408, 429, 500
# What requests, and Microsoft's library around it, raise where no answer came.
_NO_ANSWER = frozenset({"RequestException", "ClientRequestError"})


class DispatchError(PurveyorError):
    """A CI did not start or show a run.

    `again` tells whether another try may help; `retry_after` is how many seconds the CI wants to be
    left alone before, if it says so. Two runs of one action do no harm: the journal lets one work.
    """

    exit_code = 15
    default_reason = ReasonCode.RUN_NOT_STARTED
    again = False
    retry_after: float | None = None


class CiRefusedError(Exception):
    """What a CI answered instead: `status` is HTTP's, and 429 for any limit of requests."""

    def __init__(self, status: int, headers: Mapping[str, str], body: object) -> None:
        super().__init__(f"HTTP {status}")
        said = body if isinstance(body, dict) else {}
        text = said.get("message") or said.get("error_description") or said.get("error") or ""
        self.words = " ".join(str(text).split())[:_LONGEST_WORDS]
        # docs.github.com, "Rate limits for the REST API": a limit may be a 403, told in words.
        after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
        spent = headers.get("x-ratelimit-remaining") == "0" or "rate limit" in self.words
        self.status = _LIMITED if status == _DENIED and (after or spent) else status
        self.retry_after: float | None = float(after) if after.isdecimal() else None
        if self.status == _LIMITED and not after and reset.isdecimal():
            self.retry_after = max(float(reset) - time.time(), 1.0)


def refuse(response: Any, *_: object, **__: object) -> None:
    """Raise CiRefusedError for an answer that is no success; a hook of the library requests.

    What the vendors' libraries make of it has neither Retry-After nor, in Microsoft's, the status.
    """
    if response.status_code >= 400:  # noqa: PLR2004 - RFC 9110 section 15.5
        with contextlib.suppress(ValueError):  # a page for people
            raise CiRefusedError(response.status_code, response.headers, response.json())
        raise CiRefusedError(response.status_code, response.headers, None)


@contextlib.contextmanager
def explained(vendor: Vendor, doing: str, needs: str = "") -> Iterator[None]:
    """Raise DispatchError or CredentialsError for whatever goes wrong, and say it in a sentence."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - three libraries, each with errors of its own
        raise _explain(error, vendor, doing, needs or vendor.NEEDS) from None


def _explain(error: Any, vendor: Vendor, doing: str, needs: str) -> PurveyorError:
    if hasattr(error, "data"):  # PyGithub's
        error = CiRefusedError(error.status, error.headers or {}, error.data)
    # A library's own text may hold the request, and with it the token: its kind says enough.
    says, status = type(error).__name__, -1
    if isinstance(error, CiRefusedError):
        says, status = f"{error} {error.words}".strip().replace(vendor.token, "***"), error.status
    elif _NO_ANSWER & {each.__name__ for each in type(error).__mro__}:
        status = 0
    message, hint = f"{vendor.NAME} does not {doing}: {says}.", needs
    if status in {_LOGIN, _DENIED}:
        reason = ReasonCode.PERMISSION_DENIED if status == _DENIED else None
        hint = f"Look at the token in {vendor.TOKENS[0]}, which may have expired. {hint}"
        return CredentialsError(message, hint=hint, reason=reason)
    told = DispatchError(message, hint=f"Correct what it names. {hint}")
    if status in {0, _SLOW, _LIMITED} or status >= _BROKEN:
        told.again, told.reason = True, ReasonCode.PROVIDER_UNAVAILABLE
        told.retry_after = getattr(error, "retry_after", None)
        told.hint = f"Try again in {told.retry_after or 60:.0f} seconds."
    elif status == _MISSING:
        told.hint = f"Check the names: what a token may not see is not found. {hint}"
    elif status < 0:
        told.hint = f"That is no answer of its API: check {' and '.join(vendor.ADDRESSES)}."
    return told

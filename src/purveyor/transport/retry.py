"""How long a request is tried again, and when it no longer is."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from purveyor.errors import PlatformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.clock import Clock

RETRIED_STATUSES = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_CONFLICT = 409
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How one call is tried. All times in seconds.

    The call ends, answered or not, about `total` after it began: no wait reaches beyond it, and a
    request under way has at most `read` left. The waits double from `first_wait` to
    `longest_wait`, each shortened by up to a half at random, so that many runners do not come back
    at once. `conflicts` is how often a 409 is met before it is believed.
    """

    total: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 8.0
    connect: float = 5.0
    read: float = 30.0
    conflicts: int = 3


class TransientError(PlatformError):
    """A failure that may pass. `status` is 0 for no answer, `retry_after` the platform's wish."""

    def __init__(
        self, message: str, *, hint: str, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class Budget:
    """Seconds that several calls share, so that an outage costs them once, not each its own.

    When one call was tried to its end in vain, the others are tried once.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._end = clock() + seconds
        self._clock = clock
        self._away = False

    def limit(self, policy: RetryPolicy) -> RetryPolicy:
        """Return a call's policy, cut to what is left."""
        left = 0.0 if self._away else max(self._end - self._clock(), 0.0)
        return replace(policy, total=min(policy.total, left))

    def learn(self, error: TransientError) -> None:
        """Note that the platform is away, or broken: no answer, or none but 5xx."""
        self._away = self._away or not error.status or error.status >= 500  # noqa: PLR2004 - HTTP's own range


def retry(send: Callable[[float], _T], *, policy: RetryPolicy, time: Clock) -> _T:
    """Call `send` until it raises no TransientError; the last one is raised when time is up.

    `send` is given how many seconds are left.
    """
    end = time.clock() + policy.total
    conflicts, wait = 0, policy.first_wait
    while True:
        try:
            return send(max(end - time.clock(), 1.0))
        except TransientError as error:
            conflicts += error.status == _CONFLICT
            # Retry-After (RFC 9110 section 10.2.3) is a minimum; jitter would come too early.
            pause = error.retry_after
            if pause is None:
                pause = wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, hides nothing
            if conflicts >= policy.conflicts or time.clock() + pause >= end:
                raise
            if time.pause(pause):
                raise
            wait = min(wait * 2, policy.longest_wait)

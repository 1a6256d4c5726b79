"""How long a request is tried again, and how long a whole answer may take."""

from __future__ import annotations

import _thread
import math
import queue
import random
import time
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from purveyor.dataclass import dataclass
from purveyor.transport.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from purveyor.clock import Clock

_CONFLICT = 409
_T = TypeVar("_T")
_SLOWEST = 16 << 10  # bytes a second

# Of its own: who sets the seed of the common one may count on it.
CHANCE = random.Random()  # noqa: S311 - spreads load, hides nothing


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How one call is tried. All times in seconds."""

    # The call ends, answered or not, about so long after it began: no wait reaches beyond it, and a
    # request under way has at most `read` left.
    total: float = 60.0
    attempts: float = math.inf
    # The waits double from the first to the longest, each shortened by up to a half at random, so
    # that many runners do not come back at once.
    first_wait: float = 0.5
    longest_wait: float = 8.0
    connect: float = 5.0
    read: float = 30.0  # the longest silence, and what a whole answer may take at a crawl
    conflicts: int = 3  # how often a 409 is met before it is believed


CLOUD = RetryPolicy(attempts=3, total=math.inf, first_wait=0.7, read=60.0)
STATE_SERVER = RetryPolicy(attempts=3, total=math.inf, longest_wait=0.5, connect=10.0, read=60.0)
# Where a second try after an answer that was lost would make, or send, a second one.
ONCE = RetryPolicy(attempts=1)
DOWNLOAD = RetryPolicy(attempts=4, total=math.inf, first_wait=1.0, connect=10.0)


class Budget:
    """Seconds that several calls share, so that an outage costs them once, not each its own.

    When one call was tried to its end in vain, the others are tried once.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._end = clock() + seconds
        self._clock = clock
        self._away = False

    def limit(self, policy: RetryPolicy) -> RetryPolicy:
        left = 0.0 if self._away else max(self._end - self._clock(), 0.0)
        return replace(policy, total=min(policy.total, left))

    def learn(self, error: TransientError) -> None:
        """Note that the server is away, or broken: no answer, or none but 5xx."""
        self._away = self._away or not error.status or error.status >= 500  # noqa: PLR2004 - HTTP's own range


def retry(send: Callable[[float], _T], *, policy: RetryPolicy, clock: Clock) -> _T:
    """Call `send` until it raises no TransientError; the last one is raised when hope is gone.

    `send` is given how many seconds are left.
    """
    end = clock.clock() + policy.total
    tried, conflicts, wait = 0, 0, policy.first_wait
    while True:
        try:
            return send(max(end - clock.clock(), 1.0))
        except TransientError as error:
            tried += 1
            conflicts += error.status == _CONFLICT
            # Retry-After (RFC 9110 section 10.2.3) is a minimum; jitter would come too early.
            pause = error.retry_after
            if pause is None:
                pause = wait * CHANCE.uniform(0.5, 1.0)
            spent = tried >= policy.attempts or conflicts >= policy.conflicts
            if spent or clock.clock() + pause >= end or clock.pause(pause):
                raise
            wait = min(wait * 2, policy.longest_wait)


# A byte now and then would keep every single read alive: so whole answers have limits.
def within(seconds: float, deed: Callable[[], _T]) -> _T:
    """Return what `deed` returns; raise TimeoutError after `seconds`, and leave it to its end."""
    told: queue.SimpleQueue[Future[_T]] = queue.SimpleQueue()

    def work() -> None:
        future: Future[_T] = Future()
        try:
            future.set_result(deed())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)
        told.put(future)

    # Not Thread.start: it waits for ever for a thread that had no memory to begin (measured).
    _thread.start_new_thread(work, ())
    try:
        return told.get(timeout=seconds).result()
    except queue.Empty:
        raise TimeoutError("the answer came too slowly") from None


def paced(parts: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    """Hand parts on; raise TimeoutError when they are slow for more than `seconds`."""
    begun, size = time.monotonic(), 0
    for part in parts:
        size += len(part)
        if time.monotonic() - begun > seconds + size / _SLOWEST:
            raise TimeoutError("the answer came too slowly")
        yield part

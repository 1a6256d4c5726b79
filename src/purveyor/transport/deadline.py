"""Limits for whole answers: a byte now and then keeps every single read alive."""

from __future__ import annotations

import _thread
import queue
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_T = TypeVar("_T")
_SLOWEST = 16 << 10  # bytes a second


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

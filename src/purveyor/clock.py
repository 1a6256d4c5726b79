"""Time as everything here tells it, so that a test or a simulation can turn it by hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Clock:
    """This machine's clocks, which may be wrong, and its sleep."""

    clock: Callable[[], float] = time.monotonic  # only goes forward: for lengths
    now: Callable[[], float] = time.time  # seconds since 1970
    pause: Callable[[float], object] = time.sleep  # sleeps; a true answer means: give up at once

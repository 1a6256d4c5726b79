"""A time limit asks for a stop once, as a signal would."""

from __future__ import annotations

import time

from purveyor.interruption import Interruption


def test_a_block_that_ends_in_time_is_not_asked_to_stop() -> None:
    interruption = Interruption()
    with interruption.caught(), interruption.limited(0.2):
        pass
    assert not interruption.wait(0.3)
    assert not interruption.timed_out


def test_a_block_out_of_time_is_asked_to_stop_and_knows_why() -> None:
    interruption = Interruption()
    began = time.monotonic()
    with interruption.caught(), interruption.limited(0.2):
        assert interruption.wait(10)
    assert time.monotonic() - began < 5
    assert interruption.timed_out


def test_without_a_limit_nothing_is_asked() -> None:
    interruption = Interruption()
    with interruption.caught(), interruption.limited(None):
        assert not interruption.wait(0.1)

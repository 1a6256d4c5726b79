"""An emulated platform, one for each file of tests and without faults at the start of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator.running() as running:
        yield running


@pytest.fixture
def emulator(shared: Emulator) -> Emulator:
    shared.clear_faults()
    return shared

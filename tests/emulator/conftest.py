"""A running emulator and a client that is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2  # noqa: TID251 - the tests stand where Purveyor's own client does
import pytest
from platform_client import PlatformClient

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One emulator a test file; each test makes services of its own."""
    with Emulator.running() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared: Emulator) -> Emulator:
    """The file's emulator without faults and without a memory of requests."""
    shared.clear_faults()
    shared.platform.recorder.clear()
    return shared


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    """One connection pool a test file."""
    with httpx2.Client(trust_env=False, timeout=10) as found:
        yield found


@pytest.fixture
def client(emulator: Emulator, http: httpx2.Client) -> PlatformClient:
    """A client that is logged in."""
    found = PlatformClient(emulator, http)
    found.log_in()
    return found

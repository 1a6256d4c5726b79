"""Hundreds of moments, drawn by a seed, at which a run is killed or cancelled."""

from __future__ import annotations

import os
import random
import time
from typing import TYPE_CHECKING

import pytest
from fault_deeds import DEEDS, opened, request_action
from fault_fixtures import follow_up
from fault_rows import write_rows

from purveyor_faultkit import (
    ALL_KILLED,
    AZURE,
    ENGINE_KILLED,
    GITHUB,
    GITLAB_DOCKER,
    GITLAB_SHELL,
    MACHINE_LOST,
    PROCESS_KILLED,
    Schedule,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fault_deeds import Deed
    from fault_fixtures import Row

    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.timeout(900)]
POINTS = int(os.environ.get("FAULT_POINTS", "300"))  # noqa: TID251 - the long form's size
SHARES = 6
# Killed more often than cancelled: nothing is tidied up then.
FAULTS = [
    *[PROCESS_KILLED] * 4,
    *[ENGINE_KILLED] * 2,
    ALL_KILLED,
    MACHINE_LOST,
    GITHUB,
    AZURE,
    GITLAB_SHELL,
    GITLAB_DOCKER,
]


def play(
    folder: Path, environment: Mapping[str, str], fault: Schedule, deed: Deed, after: float
) -> Row:
    with opened(folder, environment) as harness:
        requested = request_action(harness, deed)
        started = harness.start(requested)
        end = time.monotonic() + after
        started.wait_until(lambda: time.monotonic() >= end)
        started.send_signals(fault)
        started.end()
        name = (fault.name, f"after {after:.3f} s")
        return follow_up(harness, requested, name, started, deed=deed, machine=fault.machine)


def measure(folder: Path, environment: Mapping[str, str]) -> dict[str, float]:
    """Return how long each deed takes when nothing breaks it, in seconds."""
    lengths = {}
    for deed in DEEDS:
        with opened(folder / deed.action, environment) as harness:
            requested = request_action(harness, deed)
            begun = time.monotonic()
            # An interpreter of its own, as those that are broken: its start counts.
            assert harness.start(requested).end().code == 0
            lengths[deed.action] = time.monotonic() - begun
    return lengths


@pytest.mark.parametrize("share", range(SHARES))
def test_no_moment_breaks_a_promise(
    tmp_path: Path, environment: dict[str, str], share: int, engine: EngineBinary
) -> None:
    draw = random.Random(share)  # noqa: S311 - a seed that can be repeated
    lengths = measure(tmp_path / "whole", environment)
    rows: list[Row] = []
    # A share is rounded up, so that together they are never fewer than was asked for.
    for number in range(-(-POINTS // SHARES)):
        fault, deed = draw.choice(FAULTS), draw.choice(DEEDS)
        after = draw.uniform(0, lengths[deed.action] * 1.1)
        rows.append(play(tmp_path / str(number), environment, fault, deed, after))
    write_rows(rows, engine.name, drawn=True)
    assert [row for row in rows if row.broken] == []

"""Hundreds of moments, drawn by a seed, at which a run is killed or cancelled."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from fault_bench import ask, follow_up, opened
from known_gaps import KINDS

from purveyor.testing import (
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

    from fault_bench import Row

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.timeout(500)]
POINTS = int(os.environ.get("FAULT_POINTS", "300"))  # noqa: TID251 - the long form's size
SHARES = 10
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


def play(folder: Path, environment: Mapping[str, str], fault: Schedule, after: float) -> Row:
    with opened(folder, environment) as rig:
        asked = ask(rig)
        started = rig.start(asked)
        end = time.monotonic() + after
        started.wait_until(lambda: time.monotonic() >= end)
        started.strike(fault)
        started.end()
        name = (fault.name, f"after {after:.3f} s")
        return follow_up(rig, asked, name, started, machine=fault.machine)


def measure(folder: Path, environment: Mapping[str, str]) -> float:
    with opened(folder, environment) as rig:
        begun = time.monotonic()
        assert rig.run(ask(rig)).code == 0
        return time.monotonic() - begun


@pytest.mark.parametrize("share", range(SHARES))
def test_no_moment_breaks_a_promise(
    tmp_path: Path, environment: dict[str, str], share: int, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(share)  # noqa: S311 - a seed that can be repeated
    length = measure(tmp_path / "whole", environment)
    broken: list[Row] = []
    gaps: Counter[str] = Counter()
    for number in range(POINTS // SHARES):
        fault, after = draw.choice(FAULTS), draw.uniform(0, length * 1.1)
        row = play(tmp_path / str(number), environment, fault, after)
        known = fault is MACHINE_LOST and set(row.kinds) <= KINDS
        gaps.update(row.kinds if known else ())
        if row.kinds and not known:
            broken.append(row)
    with capsys.disabled():
        print(  # noqa: T201 - the count belongs in the log
            f"\nshare {share}: tried {POINTS // SHARES} kill points,"
            f" broke {len(broken)} promises; known gaps met: {dict(gaps)}"
        )
    assert broken == []

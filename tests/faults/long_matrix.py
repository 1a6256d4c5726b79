"""Every fault in every phase of a create, an update and a delete."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

import pytest
from fault_deeds import CREATE, DEEDS, DELETE, Deed, opened
from fault_disk import PLACES, disk_is_full, files_cannot_grow
from fault_fixtures import Phase, play, play_again
from fault_rows import judge
from fault_stores import CELLS, REMOVALS, WHOLE_SCHEDULES, Cell

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
    from collections.abc import Iterator
    from pathlib import Path

    from fault_fixtures import Row

    from purveyor.engines.binary import EngineBinary

Case: TypeAlias = "tuple[Deed, Schedule, Phase]"
pytestmark = pytest.mark.engine
FAULTS = [
    PROCESS_KILLED,
    ALL_KILLED,
    ENGINE_KILLED,
    MACHINE_LOST,
    GITHUB,
    AZURE,
    GITLAB_SHELL,
    GITLAB_DOCKER,
]
AT_WORK = {Phase.INIT, Phase.PLAN, Phase.APPLY_BEFORE, Phase.APPLY_AFTER}
# OpenTofu shares this code; a subset shows where it differs.
ALSO_TOFU = {Phase.APPLY_BEFORE, Phase.APPLY_AFTER}
TOFU_FAULTS = {PROCESS_KILLED, ENGINE_KILLED, MACHINE_LOST, GITHUB, GITLAB_DOCKER}
# Most of the time of these is waiting.
AT_ONCE = 8


def _phases(deed: Deed, fault: Schedule) -> Iterator[Phase]:
    """Leave out what another cell shows: without an engine, or before the deed makes a difference.

    A delete plans nothing of its own.
    """
    signals = {GITHUB, GITLAB_DOCKER} if deed is not CREATE else set()
    few = {AZURE, GITLAB_SHELL} if deed is not CREATE else set()
    for phase in Phase:
        wanted = deed is not DELETE or phase is not Phase.PLAN
        if fault in {ENGINE_KILLED, ALL_KILLED}:
            wanted = wanted and phase in AT_WORK
        if fault in signals:
            wanted = wanted and phase in {*AT_WORK, Phase.REPORTING}
        if fault in few:
            wanted = wanted and phase in ALSO_TOFU
        if wanted:
            yield phase


CASES = [
    pytest.param((deed, fault, phase), id=f"{deed.action}-{fault.name}-{phase.name}")
    for deed in DEEDS
    for fault in FAULTS
    for phase in _phases(deed, fault)
]
AGAIN = [
    pytest.param(deed, phase, id=f"{deed.action}-{phase.name}")
    for deed in DEEDS
    for phase in _phases(deed, ENGINE_KILLED)
]


@pytest.mark.parametrize("case", CASES)
def test_a_fault_in_a_phase_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], case: Case, engine: EngineBinary
) -> None:
    deed, fault, phase = case
    leave_out_most(engine, wanted=phase in ALSO_TOFU and fault in TOFU_FAULTS)
    with opened(tmp_path, environment, planned=phase is Phase.PLAN and deed is CREATE) as harness:
        row = play(harness, fault, phase, deed)
    judge([row], engine.name)


@pytest.mark.parametrize(("deed", "phase"), AGAIN)
def test_a_lost_machines_run_that_is_started_again_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, phase: Phase, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=phase in ALSO_TOFU and deed is CREATE)
    with opened(tmp_path, environment, planned=phase is Phase.PLAN and deed is CREATE) as harness:
        row = play_again(harness, phase, deed)
    judge([row], engine.name)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.action)
def test_stores_and_a_platform_that_fail_break_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=False)
    cells = {**CELLS, **(REMOVALS if deed is DELETE else {})}

    def play_cell(named: tuple[str, Cell]) -> Row:
        name, cell = named
        return cell(tmp_path / name.replace(" ", "-"), environment, deed)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        judge(list(pool.map(play_cell, cells.items())), engine.name)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.action)
def test_a_ci_whose_every_blow_arrives_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=False)

    def play_cell(name: str) -> Row:
        return WHOLE_SCHEDULES[name](tmp_path / name.replace(" ", "-"), environment, deed)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        judge(list(pool.map(play_cell, WHOLE_SCHEDULES)), engine.name)


@pytest.mark.parametrize("size", [0, 1000, 6000])
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.action)
def test_files_that_cannot_grow_break_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, size: int, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=False)
    judge([files_cannot_grow(tmp_path, environment, deed, size=size)], engine.name)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.action)
def test_a_full_disk_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, name: str, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=False)
    row = disk_is_full(tmp_path, environment, deed, name=name)
    if row is None:
        pytest.skip("left out: a small disk may not be mounted here")
    judge([row], engine.name)


def leave_out_most(engine: EngineBinary, *, wanted: bool) -> None:
    if engine.name != "terraform" and not wanted:
        pytest.skip("shown with terraform")

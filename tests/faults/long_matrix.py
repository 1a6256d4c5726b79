"""Every fault in every phase; each cell's row is added to the file that FAULT_ROWS names."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fault_bench import Phase, Row, opened, play, play_again
from fault_stores import CELLS, CUT, HELD_END, LOST_APPLY, play_on_s3
from known_gaps import KNOWN

from moto_server import MotoServer, run_moto
from purveyor import json_text
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
    from collections.abc import Iterator

    from purveyor.engines.binary import EngineBinary

pytestmark = pytest.mark.engine
FAULTS = [PROCESS_KILLED, ALL_KILLED, MACHINE_LOST, GITHUB, AZURE, GITLAB_SHELL, GITLAB_DOCKER]
# OpenTofu shares this code; a subset shows where it differs.
ALSO_TOFU = (Phase.APPLY_BEFORE, Phase.APPLY_AFTER)


def judge(row: Row, engine: EngineBinary) -> None:
    rows = os.environ.get("FAULT_ROWS")  # noqa: TID251 - where the page's script reads
    if rows:
        line = json_text.write({**dataclasses.asdict(row), "engine": engine.name})
        with Path(rows).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    assert row.kinds == KNOWN.get(row.cell, ()), row


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


def leave_out_most(engine: EngineBinary, *, wanted: bool) -> None:
    if engine.name != "terraform" and not wanted:
        pytest.skip("shown with terraform")


@pytest.mark.parametrize("phase", Phase, ids=lambda phase: phase.name)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_signals_break_no_promise_that_is_not_known(
    tmp_path: Path,
    environment: dict[str, str],
    fault: Schedule,
    phase: Phase,
    engine: EngineBinary,
) -> None:
    leave_out_most(engine, wanted=phase in ALSO_TOFU)
    with opened(tmp_path, environment, planned=phase is Phase.PLAN) as rig:
        row = play(rig, fault, phase)
    judge(row, engine)


@pytest.mark.parametrize("phase", [Phase.INIT, Phase.PLAN, *ALSO_TOFU])
def test_an_engine_that_is_killed_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], phase: Phase, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=phase in ALSO_TOFU)
    with opened(tmp_path, environment, planned=phase is Phase.PLAN) as rig:
        row = play(rig, ENGINE_KILLED, phase)
    judge(row, engine)


@pytest.mark.parametrize("phase", [Phase.INIT, Phase.PLAN, *ALSO_TOFU])
def test_a_lost_machines_run_that_is_started_again_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], phase: Phase, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=phase in ALSO_TOFU)
    with opened(tmp_path, environment, planned=phase is Phase.PLAN) as rig:
        row = play_again(rig, phase)
    judge(row, engine)


@pytest.mark.parametrize("name", CELLS)
def test_stores_and_a_platform_that_fail_break_no_promise(
    tmp_path: Path, environment: dict[str, str], name: str, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=False)
    row = CELLS[name](tmp_path, environment)
    if row is None:
        pytest.skip("left out: a small disk cannot be mounted here")
    judge(row, engine)


@pytest.mark.parametrize("how", [LOST_APPLY, HELD_END, CUT])
def test_s3_that_is_cut_or_a_machine_that_is_lost_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], moto: MotoServer, how: str, engine: EngineBinary
) -> None:
    leave_out_most(engine, wanted=False)
    judge(play_on_s3(tmp_path, environment, moto, how), engine)

"""The short form of the matrix: the worst cells, with whichever engine is found first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_answers import platform_answers
from fault_deeds import CREATE, DELETE, Deed, opened
from fault_disk import files_cannot_grow
from fault_engines import engine_lies
from fault_fixtures import Phase, play
from fault_stores import CELLS
from fault_surroundings import odd_surroundings
from known_gaps import KNOWN

from purveyor_faultkit import (
    ALL_KILLED,
    ENGINE_KILLED,
    GITHUB,
    GITLAB_DOCKER,
    MACHINE_LOST,
    PROCESS_KILLED,
    Schedule,
)

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
WORST = [
    (PROCESS_KILLED, Phase.APPLY_BEFORE, 0),
    (PROCESS_KILLED, Phase.BEFORE_END, 0),
    (ALL_KILLED, Phase.PLAN, 0),
    (ENGINE_KILLED, Phase.APPLY_AFTER, 19),
    (MACHINE_LOST, Phase.BEFORE_CLAIM, 0),
    (MACHINE_LOST, Phase.APPLY_AFTER, 19),
    (GITHUB, Phase.APPLY_AFTER, 0),
    (GITLAB_DOCKER, Phase.APPLY_BEFORE, 0),
]


@pytest.mark.parametrize(
    ("fault", "phase", "following"), WORST, ids=lambda each: getattr(each, "name", None)
)
def test_the_worst_moments_break_no_promise_that_is_not_known(
    tmp_path: Path, environment: dict[str, str], fault: Schedule, phase: Phase, following: int
) -> None:
    with opened(tmp_path, environment, planned=phase is Phase.PLAN) as harness:
        row = play(harness, fault, phase)
    assert row.kinds == KNOWN.get(row.cell, ()), row
    assert row.following.startswith(f"{following} "), row


@pytest.mark.parametrize("name", ["http 403", "platform end"])
def test_stores_and_a_platform_that_fail_break_no_promise(
    tmp_path: Path, environment: dict[str, str], name: str
) -> None:
    row = CELLS[name](tmp_path, environment, CREATE)
    assert row.kinds == KNOWN.get(row.cell, ()), row


@pytest.mark.parametrize("size", [0, 1000])
@pytest.mark.parametrize("deed", [CREATE, DELETE], ids=lambda deed: deed.action)
def test_half_a_state_keeps_no_run_waiting_for_what_nobody_can_save(
    tmp_path: Path, environment: dict[str, str], deed: Deed, size: int
) -> None:
    row = files_cannot_grow(tmp_path, environment, deed, size=size)
    assert row.kinds == KNOWN.get(row.cell, ()), row


def test_a_platform_that_no_longer_finds_the_action_is_asked_again(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    row = platform_answers(tmp_path, environment, CREATE, name="404")
    assert (row.status, row.told_by, row.broken) == ("success", "finish", ())


def test_an_engine_that_only_says_that_all_is_well_has_built_nothing(
    tmp_path: Path, environment: dict[str, str], engine: EngineBinary
) -> None:
    name = "says nothing, does nothing, ends well"
    row = engine_lies(tmp_path, environment, CREATE, engine, name=name)
    assert (row.status, row.state, row.broken) == ("failed", "nothing exists", ())


def test_a_home_that_nobody_may_write_is_told_before_anything_is_built(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    row = odd_surroundings(tmp_path, environment, CREATE, name="HOME that nobody may write")
    assert (row.status, row.told_by, row.broken) == ("failed", "run", ())
    assert row.state == "nothing exists"

"""Odd answers, lying engines and odd surroundings: every one of them in a create and a delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_answers import ADDRESSES, ANSWERS, platform_answers, platform_unreachable
from fault_deeds import CREATE, DELETE, Deed
from fault_engines import LIES, engine_lies, no_memory
from fault_pauses import stands_still
from fault_rows import judge
from fault_surroundings import SURROUNDINGS, odd_surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]
BOTH = pytest.mark.parametrize("deed", [CREATE, DELETE], ids=lambda deed: deed.action)


@BOTH
@pytest.mark.one_engine
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_nobody_expects_break_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, name: str, engine: EngineBinary
) -> None:
    judge([platform_answers(tmp_path, environment, deed, name=name)], engine.name)


@BOTH
@pytest.mark.parametrize("name", LIES)
def test_an_engine_that_lies_floods_or_has_no_memory_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, name: str, engine: EngineBinary
) -> None:
    if engine.name != "terraform" and deed is DELETE:
        pytest.skip("shown with terraform")
    judge([engine_lies(tmp_path, environment, deed, engine, name=name)], engine.name)


@BOTH
@pytest.mark.one_engine
@pytest.mark.parametrize("whose", ["engine", "run"])
def test_memory_that_runs_out_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, whose: str, engine: EngineBinary
) -> None:
    judge([no_memory(tmp_path, environment, deed, whose=whose)], engine.name)


@BOTH
@pytest.mark.one_engine
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_odd_surroundings_break_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, name: str, engine: EngineBinary
) -> None:
    judge([odd_surroundings(tmp_path, environment, deed, name=name)], engine.name)


@BOTH
@pytest.mark.one_engine
@pytest.mark.parametrize("name", ADDRESSES)
def test_a_platform_that_is_not_found_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], deed: Deed, name: str, engine: EngineBinary
) -> None:
    judge([platform_unreachable(tmp_path, environment, deed, name=name)], engine.name)


@BOTH
@pytest.mark.one_engine
@pytest.mark.parametrize("elsewhere", [False, True], ids=["its-machine", "another-machine"])
def test_a_run_that_stands_still_for_minutes_breaks_no_promise(
    tmp_path: Path,
    environment: dict[str, str],
    deed: Deed,
    engine: EngineBinary,
    *,
    elsewhere: bool,
) -> None:
    judge([stands_still(tmp_path, environment, deed, elsewhere=elsewhere)], engine.name)

"""Broken runs break no promise when the journal lies in PostgreSQL, or in a store of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from journal_places import PG_CELLS, STRUCK, lost_http, play_on_pg
from known_gaps import KNOWN

from postgres_server import PostgresServer, find_programs, run_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fault_fixtures import Phase

    from purveyor_faultkit import Schedule

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    if find_programs() is None:
        pytest.skip("left out: no PostgreSQL")
    with run_postgres() as server:
        yield server


@pytest.mark.parametrize("how", STRUCK, ids=lambda how: f"{how[0].name}, {how[1].name}")
def test_a_run_that_is_lost_on_postgresql_breaks_no_promise(
    tmp_path: Path,
    environment: dict[str, str],
    postgres: PostgresServer,
    how: tuple[Schedule, Phase],
) -> None:
    row = play_on_pg(tmp_path, environment, postgres, how)
    assert row.kinds == KNOWN.get(row.cell, ()), row


@pytest.mark.parametrize("name", PG_CELLS)
def test_a_database_that_breaks_and_an_http_server_that_refuses_break_no_promise(
    tmp_path: Path, environment: dict[str, str], postgres: PostgresServer, name: str
) -> None:
    row = PG_CELLS[name](tmp_path, environment, postgres)
    assert row.kinds == KNOWN.get(row.cell, ()), row


def test_a_machine_that_is_lost_beside_an_http_server_is_ended_by_the_sweep(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    row = lost_http(tmp_path, environment)
    assert row.kinds == KNOWN.get(row.cell, ()), row
    assert row.told_by == "sweep"

"""Two hundred deliveries of one action at once, with the journal in PostgreSQL: one claims."""

from __future__ import annotations

import multiprocessing
import multiprocessing.pool
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fault_deeds import request_action
from journal_places import on_pg

from journal_fixtures import make_begin
from postgres_server import PostgresServer, find_programs, run_postgres
from purveyor.backends import open_backend
from purveyor.catalog.backend import PgBackendConfig
from purveyor.journal import Journal
from purveyor.run_identity import RunIdentity
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "deliveries"


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    if find_programs() is None:
        pytest.skip("left out: no PostgreSQL")
    with run_postgres() as server:
        yield server


def deliver(address: str, number: int) -> str:
    config = PgBackendConfig(type="pg", schema_name=SCHEMA)
    backend = open_backend(config, root=Path(), settings=Settings({"PG_CONN_STR": address}))
    records = backend.records
    assert records is not None
    identity = RunIdentity(ci="github", run=str(number), project="acme/infra")
    wanted = make_begin(identity, at=time.time())
    verdict = Journal(records, time.time).claim(wanted, is_dead=nobody_knows)
    return type(verdict).__name__


def nobody_knows(_: RunIdentity) -> None:
    return None


def test_of_two_hundred_deliveries_at_once_on_postgresql_exactly_one_claims(
    postgres: PostgresServer,
) -> None:
    with postgres.connect() as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    jobs = [(postgres.address(), number) for number in range(200)]
    with multiprocessing.get_context("forkserver").Pool(8) as pool:
        verdicts = pool.starmap(deliver, jobs, chunksize=5)
    assert verdicts.count("Claimed") == 1
    assert set(verdicts) == {"Claimed", "Running"}


def test_of_two_hundred_connections_at_once_each_gets_its_turn(postgres: PostgresServer) -> None:
    # The server has room for a hundred: the others are sent away, and come again.
    with postgres.connect() as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    jobs = [(postgres.address(), number) for number in range(200)]
    with multiprocessing.pool.ThreadPool(120) as pool:
        verdicts = pool.starmap(deliver, jobs, chunksize=1)
    assert verdicts.count("Claimed") == 1
    assert set(verdicts) == {"Claimed", "Running"}


@pytest.mark.engine
@pytest.mark.one_engine
def test_of_twenty_deliveries_at_once_on_postgresql_exactly_one_builds(
    tmp_path: Path, environment: dict[str, str], postgres: PostgresServer
) -> None:
    with on_pg(tmp_path, environment, postgres) as (harness, _, _):
        requested = request_action(harness)
        runs = [harness.start(requested) for _ in range(20)]
        ended = [each.end() for each in runs]
        observation = harness.observe(requested)
    assert {each.code for each in ended} == {0}, [each.stderr for each in ended if each.code]
    assert harness.resource_log.lines() == ["create anchor", "create beacon"]
    assert observation.status == "success"
    assert [each.reason for each in ended].count("DONE") >= 1

"""Real stores for setting up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from moto_server import MotoServer, run_moto
from postgres_server import PostgresServer, find_programs, run_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One moto server for all tests; each test makes a bucket of its own."""
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests; each test makes a schema of its own."""
    if find_programs() is None:
        pytest.skip("left out: no PostgreSQL")
    with run_postgres() as server:
        yield server

"""Databases for inboxes, and a PostgreSQL server whose clock a test turns by hand."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import psycopg

from purveyor.inbox.postgres.connection import LastingConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import LiteralString

    from postgres_server import PostgresServer

# Found before the server's own, by our statements and by the functions that they call.
_CLOCK = """
    CREATE SCHEMA turned;
    CREATE FUNCTION turned.now() RETURNS timestamptz LANGUAGE sql STABLE AS
      'SELECT to_timestamp(current_setting(''turned.now'')::float8)';
"""


def make_database(postgres: PostgresServer) -> str:
    """Make an empty database; return its address."""
    name = f"inbox_{uuid.uuid4().hex}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    with psycopg.connect(postgres.address(database=name), autocommit=True) as connection:
        connection.execute(_CLOCK)
    return postgres.address(database=name)


class TurnedConnection(LastingConnection):
    """Has the server take the test's word for the time."""

    def __init__(self, now: Callable[[], float], address: str) -> None:
        super().__init__(address)
        self._now = now

    async def _open(self) -> psycopg.AsyncConnection:
        connection = await super()._open()
        await connection.execute("SET search_path TO turned, pg_catalog, purveyor_inbox")
        return connection

    async def _run(self, statement: LiteralString, values: dict[str, object]) -> list[Any]:
        tell = "SELECT set_config('turned.now', %(now)s, false)"
        await super()._run(tell, {"now": str(self._now())})
        return await super()._run(statement, values)

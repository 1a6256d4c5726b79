"""Records beside states in PostgreSQL: a row each, created by a key that only one can take."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from purveyor.backends.postgres.connection import SharedConnection
from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, LiteralString, TypeVar

    import psycopg
    from psycopg.sql import Composed

    from purveyor.backends.postgres.connection import Database

    Found = TypeVar("Found")

TABLE = "purveyor_journal"
_PLACE = "the journal"
_PAGE = 1000
# By bytes, whatever the database's own order is: then all paths below a folder lie together in
# the key's index, from `folder/` to `folder0`, and the one follows the other in ASCII.
_MAKE = """
    CREATE TABLE IF NOT EXISTS {table} (
      path text COLLATE "C" PRIMARY KEY,
      content text NOT NULL,
      writer uuid NOT NULL,
      written timestamptz NOT NULL DEFAULT now()
    )
"""
# Any number will do as long as it is always this one: two runs at once wait for each other, since
# IF NOT EXISTS alone can fail when both look before one has made it.
TURN = "SELECT pg_advisory_xact_lock(7305808869231650116)"
_CREATE = """
    INSERT INTO {table} (path, content, writer) VALUES (%(path)s, %(text)s, %(writer)s)
    ON CONFLICT (path) DO NOTHING
"""
_IS_OURS = "SELECT 1 FROM {table} WHERE path = %(path)s AND writer = %(writer)s"
_PUT = """
    INSERT INTO {table} (path, content, writer) VALUES (%(path)s, %(text)s, %(writer)s)
    ON CONFLICT (path) DO UPDATE
    SET content = excluded.content, writer = excluded.writer, written = now()
"""
_READ = "SELECT content FROM {table} WHERE path = %(path)s"
_AGE = """
    SELECT extract(epoch FROM clock_timestamp() - written)::text FROM {table}
    WHERE path = %(path)s
"""
_REMOVE = "DELETE FROM {table} WHERE path = %(path)s"
_PATHS = """
    SELECT path, extract(epoch FROM written)::float8 FROM {table}
    WHERE path > %(after)s AND path < %(end)s ORDER BY path LIMIT %(page)s
"""


class PgRecords:
    """Texts in the table `purveyor_journal` of the database's schema.

    Each method is one statement, `paths` one for each thousand. All share one connection; none
    holds a lock longer than its statement, nor one that an engine waits for.
    """

    def __init__(self, database: Database) -> None:
        self._schema = database.schema
        self._session = SharedConnection(database)

    def create(self, path: str, text: str) -> bool:
        """Insert a row where there is none; of several writers the key lets one in.

        Where an answer was lost, the row itself tells whether it is ours.
        """
        values = {"path": path, "text": text, "writer": uuid.uuid4()}
        tries = 0

        def insert(connection: psycopg.Connection) -> bool:
            nonlocal tries
            tries += 1
            if connection.execute(self._sql(_CREATE), values).rowcount:
                return True
            if tries == 1:
                return False
            return connection.execute(self._sql(_IS_OURS), values).fetchone() is not None

        return self._run(insert)

    def put(self, path: str, text: str) -> None:
        self._execute(_PUT, {"path": path, "text": text, "writer": uuid.uuid4()})

    def read(self, path: str) -> str | None:
        rows = self._execute(_READ, {"path": path})
        return rows[0][0] if rows else None

    def age(self, path: str) -> float | None:
        rows = self._execute(_AGE, {"path": path})
        return float(rows[0][0]) if rows else None

    def remove(self, path: str) -> None:
        self._execute(_REMOVE, {"path": path})

    def paths(self, folder: str) -> Iterator[str]:
        return (path for path, _ in self.dated(folder))

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        """List the same, with their times; nothing stays open between two pages."""
        page: list[Any] = [(f"{folder}/",)]
        while page:
            values = {"after": page[-1][0], "end": f"{folder}0", "page": _PAGE}
            page = self._execute(_PATHS, values)
            yield from ((path, written) for path, written in page)
            if len(page) < _PAGE:
                return

    def _execute(self, statement: LiteralString, values: dict[str, object]) -> list[Any]:

        def execute(connection: psycopg.Connection) -> list[Any]:
            done = connection.execute(self._sql(statement), values)
            return done.fetchall() if done.description else []

        return self._run(execute)

    def _run(self, work: Callable[[psycopg.Connection], Found]) -> Found:
        from psycopg import errors

        def in_its_table(connection: psycopg.Connection) -> Found:
            try:
                return work(connection)
            except errors.UndefinedTable:
                self._make(connection)
                return work(connection)

        return self._session.run(_PLACE, in_its_table)

    def _make(self, connection: psycopg.Connection) -> None:
        """Make the table, where the user may: one that owns the schema does."""
        from psycopg import errors

        try:
            with connection.transaction():
                connection.execute(TURN)
                connection.execute(make_table(self._schema))
        except (errors.InsufficientPrivilege, errors.InvalidSchemaName):
            raise RecoveryError(
                f"The journal has no table: {self._schema}.{TABLE} does not exist, and the"
                " database's user may not make it.",
                reason=ReasonCode.STATE_UNREADABLE,
                hint="Let somebody who may run `purveyor state bootstrap --grant-to ROLE`, or check"
                " `schema_name` in the catalog.",
            ) from None

    def _sql(self, statement: LiteralString) -> Composed:
        from psycopg.sql import SQL, Identifier

        return SQL(statement).format(table=Identifier(self._schema, TABLE))


def make_table(schema: str) -> Composed:
    """Return the SQL that makes the journal's table unless it is there."""
    from psycopg.sql import SQL, Identifier

    return SQL(_MAKE).format(table=Identifier(schema, TABLE))

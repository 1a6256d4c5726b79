"""The engine's own table of states in PostgreSQL, and the advisory locks on its rows.

Table and locks are those of the engines' `pg` backend (measured on both): a row a workspace, and
a session's lock whose number is the row's id. The ids come from one sequence for the whole
database, so that the locks of two schemas never meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import LiteralString

    import psycopg
    from psycopg.sql import Composed

_BATCH = 2000
# An advisory lock's 64 bits stand in two columns (PostgreSQL documentation, section 54.12).
_HELD = """
    SELECT l.pid, ((l.classid::bigint << 32) | l.objid::bigint) AS number
    FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
# A new state's text is short: only such a one is read, to tell it from a state.
_ROWS = """
    SELECT s.name, octet_length(s.data), CASE WHEN octet_length(s.data) < 1024 THEN s.data END,
      EXISTS (SELECT 1 FROM ({held}) h WHERE h.number = s.id)
    FROM {table} s WHERE replace(left(s.name, %s), '/', ':') = %s ORDER BY s.name
"""
_HOLDER = """
    SELECT a.pid, a.usename, a.application_name, host(a.client_addr), a.backend_start
    FROM ({held}) h JOIN pg_stat_activity a ON a.pid = h.pid
    WHERE h.number = (SELECT id FROM {table} WHERE name = %s)
"""
_TEXT = "SELECT data FROM {table} WHERE name = %s"
_PUT = """
    INSERT INTO {table} (name, data) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET data = excluded.data
"""
_CREATE = """
    INSERT INTO {table} (name, data) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING
"""
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(id) FROM {table} WHERE name = %s"
_DELETE = "DELETE FROM {table} WHERE name = %s"
_END_SESSION = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid = %s AND backend_start IS NOT DISTINCT FROM %s
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One state. `size` in bytes; `text` is there when it is small, as a new state's is."""

    name: str
    size: int
    text: str | None
    locked: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """The session that holds a lock; None where the user may not see it."""

    pid: int
    user: str | None
    program: str | None
    address: str | None
    since: datetime | None


class Table:
    """The table `states` of one schema, through one open connection."""

    def __init__(self, connection: psycopg.Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema

    def rows(self, start: str = "") -> Iterator[Row]:
        """Yield the rows whose names begin with `start`, by name, while they come in.

        A slash in a name, as that of a note about a state has, counts as the states' colon.
        """
        with self._connection.transaction(), self._connection.cursor(name="states") as cursor:
            cursor.itersize = _BATCH
            for name, size, text, locked in cursor.execute(self._sql(_ROWS), (len(start), start)):
                yield Row(name, size or 0, text, locked)

    def text(self, name: str) -> str | None:
        row = self._connection.execute(self._sql(_TEXT), (name,)).fetchone()
        return None if row is None else row[0] or ""

    def put(self, name: str, text: str) -> None:
        """Write a row; only for what no engine locks."""
        self._connection.execute(self._sql(_PUT), (name, text))

    def create(self, name: str, text: str) -> bool:
        return self._connection.execute(self._sql(_CREATE), (name, text)).rowcount == 1

    def holder(self, name: str) -> Holder | None:
        row = self._connection.execute(self._sql(_HOLDER), (name,)).fetchone()
        return None if row is None else Holder(*row)

    def delete(self, name: str) -> bool:
        """Delete a row with its lock in hand; False when another session holds the lock."""
        with self._connection.transaction():
            row = self._connection.execute(self._sql(_TRY_LOCK), (name,)).fetchone()
            if row is None:
                return True
            if row[0]:
                self._connection.execute(self._sql(_DELETE), (name,))
            return bool(row[0])

    def end_session(self, holder: Holder) -> None:
        """End the session that holds a lock, if it still is the same one."""
        self._connection.execute(_END_SESSION, (holder.pid, holder.since))

    def _sql(self, statement: LiteralString) -> Composed:
        from psycopg.sql import SQL, Identifier

        return SQL(statement).format(table=Identifier(self._schema, "states"), held=SQL(_HELD))

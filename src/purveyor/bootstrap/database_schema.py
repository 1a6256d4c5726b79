"""A PostgreSQL schema for states and the journal, with their tables, and a run's rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.postgres.connection import Database
from purveyor.backends.postgres.records import TABLE, TURN, make_table
from purveyor.bootstrap.model import BOTH, JOURNAL, STATES, Measure, settled
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg
    from psycopg.sql import Composed

    from purveyor.catalog.backend import PgBackendConfig
    from purveyor.settings import Settings

_ABSENT = "no schema"
_WHAT = "the states' schema"
_SEQUENCE = "global_states_id_seq"
_INDEX = "states_by_name"
_TABLE_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_TABLES = {STATES: "states", JOURNAL: TABLE}


class SchemaSetup:
    """One schema. `role` is who is to read and write there, if it is not ourselves.

    `holds` is what lies in it: `STATES`, `JOURNAL`, or both.
    """

    def __init__(
        self,
        config: PgBackendConfig,
        settings: Settings,
        role: str | None,
        *,
        holds: Sequence[str] = BOTH,
    ) -> None:
        self._schema = config.schema_name
        self._role = role
        self._holds = holds
        self._database = Database(config, settings)

    def survey(self) -> list[Measure]:
        """Look at the catalogs of the database: one connection."""
        with self._database.connect(_WHAT) as connection:
            there = bool(_one(connection, "SELECT to_regnamespace(%s)", _quoted(self._schema)))
            measures = [self._measure("schema", self._schema, there, self._make_schema)]
            complete = there
            if STATES in self._holds:
                found = self._find(connection, STATES)
                complete = complete and found
                index = _one(connection, _HAS_INDEX, self._schema)
                measures += [
                    self._measure("table", self._name(STATES), found, self._make_table),
                    self._measure("unique names", "an index on name", index, self._make_index),
                ]
            if JOURNAL in self._holds:
                found = self._find(connection, JOURNAL)
                complete = complete and found
                name = self._name(JOURNAL)
                measures.append(self._measure("journal", name, found, self._make_journal))
            if self._role is not None:
                measures.append(self._rights(connection, self._role, there=complete))
        return measures

    def _name(self, what: str) -> str:
        return f"{_quoted(self._schema)}.{_TABLES[what]}"

    def _find(self, connection: psycopg.Connection, what: str) -> bool:
        return bool(_one(connection, "SELECT to_regclass(%s)", self._name(what)))

    def _measure(self, what: str, wanted: str, found: object, take: Callable[[], None]) -> Measure:
        if found:
            return settled(what, "there", wanted)
        return Measure(what, "missing", wanted, "make it", take)

    def _make_schema(self) -> None:
        self._carry_out(f"CREATE SCHEMA IF NOT EXISTS {_quoted(self._schema)}")

    def _make_table(self) -> None:
        """Make what both engines make (measured), with the sequence that they share."""
        self._carry_out(
            f"CREATE SEQUENCE IF NOT EXISTS public.{_SEQUENCE} AS bigint",
            f"CREATE TABLE IF NOT EXISTS {self._name(STATES)} ("
            f" id bigint NOT NULL DEFAULT nextval('public.{_SEQUENCE}') PRIMARY KEY,"
            " name text UNIQUE, data text)",
        )

    def _make_index(self) -> None:
        name = self._name(STATES)
        self._carry_out(f"CREATE UNIQUE INDEX IF NOT EXISTS {_INDEX} ON {name} (name)")

    def _make_journal(self) -> None:
        self._carry_out(make_table(self._schema))

    def _rights(self, connection: psycopg.Connection, role: str, *, there: bool) -> Measure:
        if not _one(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            raise CatalogError(
                "The role that is to have rights on the states does not exist.",
                hint="Make it first, with CREATE ROLE … LOGIN, or check --grant-to.",
                details=[f"role {role}"],
            )
        wanted = f"{role} reads and writes {' and '.join(self._holds)}"
        granted = there and all(
            _one(connection, f"SELECT has_{kind}_privilege(%s, %s, %s)", role, name, right)
            for kind, name, right in self._needed()
        )
        if granted:
            return settled("rights", wanted, wanted)
        return Measure("rights", "not all" if there else _ABSENT, wanted, "grant them", self._grant)

    def _needed(self) -> list[tuple[str, str, str]]:
        tables = [("table", self._name(each)) for each in self._holds]
        sequence = [("sequence", f"public.{_SEQUENCE}", "USAGE")] if STATES in self._holds else []
        return [
            ("schema", self._schema, "USAGE"),
            *((*table, right) for table in tables for right in _TABLE_RIGHTS),
            *sequence,
        ]

    def _grant(self) -> None:
        self._carry_out(*grants(self._schema, self._role or "", self._holds))

    def _carry_out(self, *statements: str | Composed) -> None:
        """Run the statements in one transaction, one run after the other."""
        with self._database.connect(_WHAT) as connection, connection.transaction():
            for each in (TURN, *statements):
                connection.execute(each.encode() if isinstance(each, str) else each)


def grants(schema: str, role: str, holds: Sequence[str] = BOTH) -> list[str]:
    """Return the SQL that lets a role read and write states, the journal or both: no more."""
    whom = _quoted(role)
    statements = [f"GRANT USAGE ON SCHEMA {_quoted(schema)} TO {whom}"]
    for each in holds:
        table = f"{_quoted(schema)}.{_TABLES[each]}"
        statements.append(f"GRANT {', '.join(_TABLE_RIGHTS)} ON {table} TO {whom}")
    if STATES in holds:
        statements.append(f"GRANT USAGE ON SEQUENCE public.{_SEQUENCE} TO {whom}")
    return statements


_HAS_INDEX = (
    "SELECT 1 FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
    " JOIN pg_namespace n ON n.oid = t.relnamespace"
    " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
    " WHERE n.nspname = %s AND t.relname = 'states' AND i.indisunique AND i.indnatts = 1"
    " AND a.attname = 'name'"
)


def _quoted(name: str) -> str:
    """Quote a name as SQL does (PostgreSQL documentation, section 4.1.1)."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _one(connection: psycopg.Connection, statement: str, *values: str) -> object:
    row = connection.execute(statement.encode(), values).fetchone()
    return row[0] if row else None

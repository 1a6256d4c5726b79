"""A journal's own store is set up with the states', and its rights are told apart."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from purveyor.bootstrap import describe_all_rights, open_stores, set_up
from purveyor.catalog.backend import HttpBackendConfig, PgBackendConfig, S3BackendConfig
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from postgres_server import PostgresServer

HTTP = HttpBackendConfig(type="http", address="https://states.example.com/{name}")
S3 = S3BackendConfig(type="s3", bucket="acme-journal", region="eu-west-1", prefix="team/a")


def test_a_journal_in_postgresql_gets_a_table_and_no_states(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    schema, role = f"s_{uuid.uuid4().hex[:8]}", f"r_{uuid.uuid4().hex[:8]}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
    journal = PgBackendConfig(type="pg", schema_name=schema)
    settings = Settings({"PG_CONN_STR": postgres.address()})
    store = open_stores(HTTP, journal, root=tmp_path, settings=settings, grant_to=role)
    changed = [each.what for each in set_up(store, dry_run=False) if each.change]
    assert changed == ["journal: schema", "journal: journal", "journal: rights"]
    assert [each.what for each in set_up(store, dry_run=False) if each.change] == []
    with postgres.connect() as connection:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        assert connection.execute(tables, (schema,)).fetchall() == [("purveyor_journal",)]


def test_states_in_postgresql_get_no_journal_when_it_lies_elsewhere(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    states = PgBackendConfig(type="pg", schema_name=f"s_{uuid.uuid4().hex[:8]}")
    other = PgBackendConfig(type="pg", schema_name=f"s_{uuid.uuid4().hex[:8]}")
    settings = Settings({"PG_CONN_STR": postgres.address()})
    store = open_stores(states, other, root=tmp_path, settings=settings)
    assert [each.what for each in store()] == [
        *("schema", "table", "unique names"),
        *("journal: schema", "journal: journal"),
    ]


def test_the_rights_of_both_stores_are_told() -> None:
    told = {each.command: each for each in describe_all_rights(HTTP, S3)}
    assert set(told) == {"run", "run (journal)", "state bootstrap (journal)"}
    assert told["run"].policy is None
    assert "acme-journal/team/a/*" in str(told["run (journal)"].policy)
    pg = PgBackendConfig(type="pg", schema_name="kept")
    (run,) = [each for each in describe_all_rights(HTTP, pg) if each.command == "run (journal)"]
    assert run.lines == (
        'GRANT USAGE ON SCHEMA "kept" TO "<role>";',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON "kept".purveyor_journal TO "<role>";',
    )
    same = describe_all_rights(pg, pg)
    assert [each.command for each in same] == ["run", "state bootstrap"]

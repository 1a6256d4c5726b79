"""The journal in PostgreSQL: one connection that may break, one winner, and few rights."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from backend_fixtures import WAITING, Workbench, entity

from postgres_server import PASSWORD, USER, PostgresServer
from purveyor.backends import open_backend
from purveyor.backends.postgres import PgStates
from purveyor.bootstrap import open_store, set_up
from purveyor.catalog.backend import PgBackendConfig
from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, RecoveryError
from purveyor.settings import Settings
from purveyor_faultkit import run_proxy

if TYPE_CHECKING:
    from backend_fixtures import Place

    from purveyor.backends.postgres.records import PgRecords

IN_PG = pytest.mark.parametrize("place", ["pg"], indirect=True)
BEGIN = "journal/actions/a-1/1/begin.json"


@pytest.fixture
def schema(postgres: PostgresServer) -> str:
    name = f"states_{uuid.uuid4().hex[:12]}"
    postgres.make_table(name)
    return name


def open_records(schema: str, address: str) -> PgRecords:
    config = PgBackendConfig(type="pg", schema_name=schema)
    return PgStates(config, Settings({"PG_CONN_STR": address})).records


def end_sessions(postgres: PostgresServer) -> int:
    with postgres.connect() as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'purveyor'"
        )
        return len(ended.fetchall())


def test_of_twenty_connections_that_create_one_record_one_wins(
    postgres: PostgresServer, schema: str
) -> None:
    # The table is not there either: each of them tries to make it.
    start = threading.Barrier(20)
    won: list[bool] = []

    def create(number: int) -> None:
        records = open_records(schema, postgres.address())
        start.wait(timeout=30)
        won.append(records.create(BEGIN, str(number)))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=60)
    assert sorted(won) == [False] * 19 + [True]


def test_all_records_of_a_process_share_one_connection(
    postgres: PostgresServer, schema: str, tmp_path: Path
) -> None:
    config = PgBackendConfig(type="pg", schema_name=schema)
    settings = Settings({"PG_CONN_STR": f"{postgres.address()}&application_name={schema}"})
    backend = open_backend(config, root=tmp_path, settings=settings)
    for number in range(5):
        found = backend.records
        assert found is not None
        found.put(f"journal/open/{number}", "x")
    with postgres.connect() as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        assert connection.execute(count, (schema,)).fetchone() == (1,)


def test_a_broken_connection_is_opened_again(postgres: PostgresServer, schema: str) -> None:
    records = open_records(schema, postgres.address())
    assert records.create(BEGIN, "one") is True
    assert end_sessions(postgres) >= 1
    assert records.create(BEGIN, "one") is False
    assert end_sessions(postgres) >= 1
    assert records.read(BEGIN) == "one"


def test_a_create_whose_answer_was_lost_knows_that_it_won(
    postgres: PostgresServer, schema: str
) -> None:
    with run_proxy("127.0.0.1", postgres.port) as proxy:
        port = urlsplit(proxy.url).port
        records = open_records(schema, PostgresServer(port or 0).address())
        records.put("journal/open/a-1", "x")
        proxy.lose(b"INSERT INTO")
        assert records.create(BEGIN, "ours") is True
        assert open_records(schema, postgres.address()).create(BEGIN, "ours") is False
        proxy.lose(b"INSERT INTO")
        assert records.create(BEGIN, "ours") is False


def test_a_database_that_stays_away_is_told_after_a_while(
    postgres: PostgresServer, schema: str
) -> None:
    with run_proxy("127.0.0.1", postgres.port) as proxy:
        port = urlsplit(proxy.url).port
        records = open_records(schema, PostgresServer(port or 0).address())
        records.put("journal/open/a-1", "x")
        proxy.cut()
        with pytest.raises(RecoveryError) as caught:
            records.put("journal/open/a-1", "y")
        proxy.mend()
        records.put("journal/open/a-1", "z")
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE
    assert (
        caught.value.message == "The database with the journal cannot be used: it does not answer."
    )
    assert PASSWORD not in f"{caught.value.hint}{caught.value.details}"


@IN_PG
@pytest.mark.engine
def test_the_journal_is_written_while_an_engine_holds_its_lock_and_the_other_way_round(
    place: Place, bench: Workbench, postgres: PostgresServer
) -> None:
    records = place.backend.records
    key = place.backend.locate(entity())
    assert records is not None
    held = bench.hold(key, WAITING)
    assert records.create(BEGIN, "x") is True
    assert held.let_go() == 0
    schema = str(place.backend.block(key).arguments["schema_name"])
    with postgres.connect() as busy, busy.transaction():
        # Somebody sits on every row of the journal: an engine does not notice.
        busy.execute(f"SELECT 1 FROM {schema}.purveyor_journal FOR UPDATE".encode())  # noqa: S608 - ours
        assert "No changes" in bench.apply(key, WAITING.replace("while [ ! -e go ]", "while false"))


def with_role(postgres: PostgresServer, schema: str, *, grant: bool) -> str:
    role = f"runner_{uuid.uuid4().hex[:8]}"
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}".encode())
    if grant:
        settings = Settings({"PG_CONN_STR": postgres.address()})
        config = PgBackendConfig(type="pg", schema_name=schema)
        store = open_store(config, root=Path(), settings=settings, grant_to=role)
        set_up(store, dry_run=False)
    return postgres.address(role, "secret")


def test_the_rights_that_bootstrap_grants_are_enough(postgres: PostgresServer, schema: str) -> None:
    records = open_records(schema, with_role(postgres, schema, grant=True))
    assert records.create(BEGIN, "one") is True
    records.put(BEGIN, "two")
    assert records.read(BEGIN) == "two"
    assert list(records.paths("journal/actions")) == [BEGIN]
    records.remove(BEGIN)


def test_a_user_without_rights_learns_which_ones(postgres: PostgresServer, schema: str) -> None:
    open_records(schema, postgres.address()).put(BEGIN, "x")
    with pytest.raises(CredentialsError) as caught:
        open_records(schema, with_role(postgres, schema, grant=False)).read(BEGIN)
    assert caught.value.reason is ReasonCode.PERMISSION_DENIED
    assert "state bootstrap" in caught.value.hint


@pytest.mark.parametrize("missing", ["table", "schema"])
def test_a_user_who_cannot_make_the_table_learns_who_can(
    postgres: PostgresServer, schema: str, missing: str
) -> None:
    address = with_role(postgres, schema, grant=False)
    records = open_records("nowhere" if missing == "schema" else schema, address)
    attempts = [
        lambda: records.create(BEGIN, "x"),
        lambda: records.put(BEGIN, "x"),
        lambda: records.read(BEGIN),
        lambda: records.remove(BEGIN),
        lambda: list(records.paths("journal/open")),
    ]
    for attempt in attempts:
        with pytest.raises(PurveyorError) as caught:
            attempt()  # type: ignore[no-untyped-call] # lambdas
        assert caught.value.reason is ReasonCode.STATE_UNREADABLE
        assert "state bootstrap" in caught.value.hint


def test_a_wrong_password_is_told_at_once(postgres: PostgresServer, schema: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        open_records(schema, postgres.address(USER, "wrong horse")).read(BEGIN)
    assert "wrong horse" not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"

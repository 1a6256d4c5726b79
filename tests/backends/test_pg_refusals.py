"""PostgreSQL's refusals are explained, never taken for "no state", and show no password."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from backend_fixtures import entity

from postgres_server import PASSWORD, PostgresServer
from purveyor.backends import open_backend
from purveyor.catalog.backend import PgBackendConfig
from purveyor.errors import CatalogError, CredentialsError, PurveyorError, ReasonCode
from purveyor.settings import Settings
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.backends import Backend

KEY = StateKey("services/5a1f/x.tfstate", exists=True)
SECRET = "hunter2hunter2"


def backend_with(root: Path, environment: dict[str, str], **changes: str) -> Backend:
    config = PgBackendConfig.model_validate({"type": "pg"} | changes)
    return open_backend(config, root=root, settings=Settings(environment))


def attempts(backend: Backend) -> list[Callable[[], object]]:
    return [
        lambda: backend.locate(entity()),
        lambda: backend.access(KEY).read(),
        lambda: backend.access(KEY).holder(),
        lambda: backend.remove(KEY),
        lambda: list(backend.list()),
        lambda: backend.versions(KEY),
        lambda: backend.read_version(KEY, "latest"),
        lambda: backend.unlock(KEY, "1"),
    ]


def refusals(backend: Backend) -> list[PurveyorError]:
    found = []
    for attempt in attempts(backend):
        with pytest.raises(PurveyorError) as caught:
            attempt()
        found.append(caught.value)
    return found


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"password": SECRET}, ReasonCode.CREDENTIALS_INVALID, "does not accept the login"),
        ({"user": "nobody"}, ReasonCode.CREDENTIALS_INVALID, "does not accept the login"),
        ({"database": "nowhere"}, ReasonCode.STATE_UNREADABLE, "does not exist"),
    ],
)
def test_a_refused_login_is_explained_and_is_never_no_state(
    postgres: PostgresServer,
    tmp_path: Path,
    changes: dict[str, str],
    reason: ReasonCode,
    words: str,
) -> None:
    backend = backend_with(tmp_path, {"PG_CONN_STR": postgres.address(**changes)})
    for error in refusals(backend):
        assert error.reason is reason
        assert words in error.message
        assert SECRET not in f"{error.message}{error.hint}{error.details}"


def test_a_missing_table_is_an_error_and_never_no_state(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    backend = backend_with(tmp_path, {"PG_CONN_STR": postgres.address()}, schema_name="nowhere")
    for error in refusals(backend):
        assert error.reason is ReasonCode.STATE_UNREADABLE
        assert error.message == "The table nowhere.states does not exist."
        assert "purveyor state bootstrap" in error.hint


def test_a_database_that_does_not_answer_is_never_no_state(tmp_path: Path) -> None:
    nowhere = f"postgres://u:{SECRET}@127.0.0.1:1/states"
    for error in refusals(backend_with(tmp_path, {"PG_CONN_STR": nowhere})):
        assert error.reason is ReasonCode.STATE_UNREADABLE
        assert "does not answer" in error.message
        assert SECRET not in f"{error.message}{error.hint}{error.details}"


def test_a_missing_right_is_explained(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.make_table("rights")
    with postgres.connect() as connection:
        connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'".encode())
    backend = backend_with(
        tmp_path, {"PG_CONN_STR": postgres.address("reader", SECRET)}, schema_name="rights"
    )
    for error in refusals(backend):
        assert isinstance(error, CredentialsError)
        assert error.reason is ReasonCode.PERMISSION_DENIED
    rights = (
        "GRANT USAGE ON SCHEMA rights TO reader; GRANT SELECT, DELETE ON rights.states TO reader"
    )
    with postgres.connect() as connection:
        connection.execute(rights.encode())
    assert backend.locate(entity()).exists is False
    backend.remove(KEY)


@pytest.mark.parametrize(
    "text", [f"postgres://u:p%zz{SECRET}@h/d", f"password {SECRET}", f"host='{SECRET}"]
)
def test_a_text_that_is_no_connection_string_is_not_shown(tmp_path: Path, text: str) -> None:
    backend = backend_with(tmp_path, {"STATES": text}, connection_from="STATES")
    tried: list[Callable[[], object]] = [*attempts(backend), lambda: backend.block(KEY)]
    for attempt in tried:
        with pytest.raises(CredentialsError) as caught:
            attempt()
        assert "STATES" in caught.value.message
        assert SECRET not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"


def test_a_run_that_names_no_database_is_told_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        backend_with(tmp_path, {}).locate(entity())
    assert "PG_CONN_STR is not set" in caught.value.message


def test_the_driver_s_absence_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(CatalogError) as caught:
        backend_with(tmp_path, {"PG_CONN_STR": "host=127.0.0.1"}).locate(entity())
    assert caught.value.reason is ReasonCode.LIBRARY_MISSING
    assert "purveyor[pg]" in caught.value.hint


def test_the_usual_variables_say_where_the_database_is(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.make_table("usual")
    usual = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "PGUSER": "tester",
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": "postgres",
        "PGSSLMODE": "disable",
    }
    backend = backend_with(tmp_path, usual, schema_name="usual")
    assert backend.locate(entity()).exists is False


def test_the_engine_gets_the_password_apart_and_nothing_secret_in_its_block(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    block = backend_with(tmp_path, {"PG_CONN_STR": postgres.address()}).block(KEY)
    assert block.environment["PGPASSWORD"] == PASSWORD
    assert PASSWORD not in block.environment["PG_CONN_STR"]
    assert PASSWORD not in str(block.arguments)
    assert block.workspace == "services:5a1f:x"


def test_encryption_is_asked_for_unless_told_otherwise(tmp_path: Path) -> None:
    default = backend_with(tmp_path, {"PG_CONN_STR": "postgres://u@db/states"}).block(KEY)
    chosen = backend_with(
        tmp_path, {"PG_CONN_STR": "postgres://u@db/states", "PGSSLMODE": "verify-full"}
    ).block(KEY)
    assert "sslmode=require" in default.environment["PG_CONN_STR"]
    assert "sslmode=verify-full" in chosen.environment["PG_CONN_STR"]

"""States in PostgreSQL: every refusal explained, locks told by the database, large ones read."""

from __future__ import annotations

import builtins
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from workbench import ENCRYPTION, MODULE, Place, Workbench, entity

from postgres_server import PASSWORD, USER, PostgresServer
from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.backends.model import UnsupportedError
from purveyor.catalog.backend import PgBackend
from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, StateLockedError
from purveyor.settings import Settings
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.engines.binary.model import EngineBinary

IN_PG = pytest.mark.parametrize("place", ["pg"], indirect=True)
KEY = StateKey("services/5a1f/x.tfstate", exists=True)
SECRET = "hunter2hunter2"


def backend_with(root: Path, environment: dict[str, str], **changes: str) -> Backend:
    config = PgBackend.model_validate({"type": "pg"} | changes)
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
        assert "its schema or its table" in error.message


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
    for attempt in [*attempts(backend), partial(backend.block, KEY)]:
        with pytest.raises(CredentialsError) as caught:
            attempt()
        assert "STATES" in caught.value.message
        assert SECRET not in f"{caught.value.message}{caught.value.hint}{caught.value.details}"


def test_a_run_that_names_no_database_is_told_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        backend_with(tmp_path, {}).locate(entity())
    assert "PG_CONN_STR is not set" in caught.value.message


def test_the_driver_s_absence_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == "psycopg":
            raise ImportError(name)
        return real(name, *rest, **named)

    backend = backend_with(tmp_path, {"PG_CONN_STR": "host=127.0.0.1"})
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UnsupportedError) as caught:
        backend.locate(entity())
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


@IN_PG
def test_both_engines_share_a_row_and_make_no_other(
    place: Place, terraform: Path, tofu: Path, tmp_path: Path
) -> None:
    key = place.backend.locate(entity())
    assert Workbench(terraform, place, tmp_path).apply(key).endswith("exit 0")
    again = Workbench(tofu, place, tmp_path).apply(key)
    assert "No changes" in again
    assert place.paths() == [key.path]


@IN_PG
def test_the_engines_exclude_each_other(
    place: Place, terraform: Path, tofu: Path, tmp_path: Path
) -> None:
    key = place.backend.locate(entity())
    held = Workbench(terraform, place, tmp_path).hold(key)
    refused = Workbench(tofu, place, tmp_path).apply(key)
    assert held.let_go() == 0
    assert "Workspace is already locked" in refused


@IN_PG
def test_the_state_that_an_engine_writes_first_is_no_state_yet(
    place: Place, engine: EngineBinary, tmp_path: Path
) -> None:
    key = place.backend.locate(entity(slug="old"))
    Workbench(engine.path, place, tmp_path).hold(key).kill()
    assert place.paths() == [key.path]
    assert place.backend.locate(entity(slug="new")) == StateKey(key.path, exists=False)
    assert place.backend.access(key).read() is None
    assert list(place.backend.list()) == []
    assert list(place.backend.versions(key)) == []


@IN_PG
def test_a_lock_of_another_schema_is_not_taken_for_ours(
    place: Place, bench: Workbench, postgres: PostgresServer
) -> None:
    key = place.backend.locate(entity())
    bench.apply(key)
    with postgres.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(999999999), pg_advisory_lock(1, 1)")
        assert place.backend.access(key).holder() is None
        assert [each.locked for each in place.backend.list()] == [False]


@IN_PG
def test_a_listing_tells_which_states_are_locked(place: Place, bench: Workbench) -> None:
    one, other = place.backend.locate(entity("1")), place.backend.locate(entity("2"))
    bench.apply(one)
    bench.apply(other)
    held = bench.hold(one)
    assert {each.path: each.locked for each in place.backend.list()} == {
        one.path: True,
        other.path: False,
    }
    assert held.let_go() == 0


@IN_PG
def test_the_session_of_a_machine_that_vanished_is_ended_by_its_id_alone(
    place: Place, bench: Workbench, postgres: PostgresServer
) -> None:
    key = place.backend.locate(entity())
    bench.apply(key)
    schema = place.backend.block(key).arguments["schema_name"]
    vanished = psycopg.connect(postgres.address(), autocommit=True, application_name="vanished")
    vanished.execute(f"SELECT pg_advisory_lock(id) FROM {schema}.states".encode())  # noqa: S608 - ours
    holder = place.backend.access(key).holder()
    assert holder is not None
    assert holder.who == f"{USER}@127.0.0.1 (vanished)"
    with pytest.raises(StateLockedError) as caught:
        place.backend.unlock(key, "1")
    assert holder.id in caught.value.details[0]
    assert place.backend.unlock(key, holder.id) is True
    assert place.backend.access(key).holder() is None
    assert place.backend.unlock(key, holder.id) is False
    with pytest.raises(psycopg.OperationalError):
        vanished.execute("SELECT 1")
    vanished.close()


@IN_PG
def test_a_run_waits_while_another_makes_a_row(
    place: Place, engine: EngineBinary, postgres: PostgresServer, tmp_path: Path
) -> None:
    key = place.backend.locate(entity())
    bench = Workbench(engine.path, place, tmp_path)
    schema = str(place.backend.block(key).arguments["schema_name"])
    with postgres.connect() as connection:
        # OpenTofu's number is the negative FNV-1 hash of schema and table, Terraform's is -1.
        connection.execute("SELECT pg_advisory_lock(-1), pg_advisory_lock(%s)", (hashed(schema),))
        refused = bench.apply(key)
    assert "locked for workspace creation" in refused
    assert bench.apply(key).endswith("exit 0")


def hashed(schema: str) -> int:
    number = 0x811C9DC5
    for byte in f"{schema}\0states".encode():
        number = number * 0x01000193 % (1 << 32) ^ byte
    return -number


@IN_PG
def test_a_large_state_is_read(place: Place) -> None:
    value = "x" * (40 << 20)
    outputs = {"large": {"value": value, "type": "string"}}
    state = {"version": 4, "serial": 7, "lineage": "l", "outputs": outputs, "resources": []}
    place.put(KEY.path, json_text.write(state))
    read = place.backend.access(KEY).read()
    assert read is not None
    assert read.outputs["large"].value == value
    assert next(iter(place.backend.list())).size == len(json_text.write(state))


@IN_PG
def test_five_thousand_resources_are_counted(place: Place) -> None:
    instances = [{"index_key": n, "attributes": {"id": str(n)}} for n in range(5000)]
    thing = {"mode": "managed", "type": "t", "name": "n", "instances": instances}
    place.put(
        KEY.path,
        json_text.write({"version": 4, "serial": 7, "lineage": "l", "resources": [thing]}),
    )
    state = place.backend.access(KEY).read()
    assert state is not None
    assert state.resources == 5000


@IN_PG
def test_an_encrypted_state_is_known_as_such(place: Place, tofu: Path, tmp_path: Path) -> None:
    key = place.backend.locate(entity())
    assert Workbench(tofu, place, tmp_path).apply(key, MODULE + ENCRYPTION).endswith("exit 0")
    state = place.backend.access(key).read()
    assert state is not None
    assert (state.encrypted, bool(state.lineage)) == (True, True)
    assert place.backend.locate(entity()) == StateKey(key.path, exists=True)

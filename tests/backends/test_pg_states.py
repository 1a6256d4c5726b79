"""States in PostgreSQL: one row for both engines, locks told by the database, large ones read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from backend_fixtures import ENCRYPTION, MODULE, Place, Workbench, entity

from postgres_server import USER, PostgresServer
from purveyor import json_text
from purveyor.backends.postgres import PgStates
from purveyor.engines.terraform.state_writer import StateWriter
from purveyor.errors import StateLockedError
from purveyor.process import Interruption
from purveyor.redaction import Redactor
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary.model import EngineBinary

IN_PG = pytest.mark.parametrize("place", ["pg"], indirect=True)
KEY = StateKey("services/5a1f/x.tfstate", exists=True)


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


@IN_PG
def test_a_note_beside_a_state_is_no_state(place: Place) -> None:
    backend = place.backend
    assert isinstance(backend, PgStates)
    place.put(KEY.path, "{}")
    assert backend.read_moved_marker(KEY) is None
    backend.mark_moved(KEY, "gone")
    backend.mark_moved(KEY, "gone to another place")
    assert backend.read_moved_marker(KEY) == "gone to another place"
    assert [each.path for each in backend.list()] == [KEY.path]
    assert backend.locate(entity()) == StateKey(KEY.path, exists=True, moved=True)
    assert sorted(backend.paths()) == [KEY.path, f"{KEY.path}.moved"]


@IN_PG
def test_a_state_is_pushed_into_its_own_row(
    place: Place, engine: EngineBinary, tmp_path: Path
) -> None:
    key = place.backend.locate(entity())
    Workbench(engine.path, place, tmp_path).apply(key)
    other = place.backend.locate(entity("other"))
    text = place.backend.read_version(key, "latest")
    writer = StateWriter(
        engine, environment=place.environment, redactor=Redactor(), interruption=Interruption()
    )
    writer.push(place.backend.block(other), text)
    assert sorted(place.paths()) == sorted([key.path, other.path])

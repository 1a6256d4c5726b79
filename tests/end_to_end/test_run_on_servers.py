"""Services whose states live in PostgreSQL or on an HTTP server: the real command and engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from http_state_server import PASSWORD, USER, run_http_states
from pipeline import Pipeline
from postgres_server import find_programs, run_postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(params=["pg", "http"])
def server(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Server]:
    """Each kind of server in turn: a pipeline, and the names of the states on it."""
    catalog = pipeline.catalog / "purveyor.yaml"
    if request.param == "http":
        with run_http_states() as http:
            catalog.write_text(
                f'version: 1\nbackend: {{type: http, address: "{http.url}/states/{{name}}"}}\n'
            )
            login = {"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": PASSWORD}
            yield with_variables(pipeline, login), lambda: list(http.states)
        return
    if find_programs() is None:
        pytest.skip("left out: no PostgreSQL")
    with run_postgres() as postgres:
        postgres.make_table("states")
        catalog.write_text("version: 1\nbackend: {type: pg, schema_name: states}\n")

        def names() -> list[str]:
            with postgres.connect() as connection:
                return [name for (name,) in connection.execute("SELECT name FROM states.states")]

        yield with_variables(pipeline, {"PG_CONN_STR": postgres.address()}), names


def with_variables(pipeline: Pipeline, variables: dict[str, str]) -> Pipeline:
    environment = {**pipeline.environment, **variables}
    return Pipeline(pipeline.catalog, environment, pipeline.emulator)


def test_a_service_lives_and_dies_on_a_server(server: Server, emulator: Emulator) -> None:
    pipeline, names = server
    queue: JsonObject = {"queue_name": "orders"}
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])

    created = pipeline.run(emulator.request_action(service, "create", queue))
    assert created.code == 0, created.stderr
    assert names() in ([f"services:{service}:orders"], [f"service-{service}"])
    born = names()

    asked = emulator.request_action(service, "update", {"visibility_timeout": 60})
    inner = asked["notification"]
    assert isinstance(inner, dict)
    assert isinstance(inner["service"], dict)
    inner["service"]["slug"] = "renamed"
    updated = pipeline.run(asked)
    assert updated.code == 0, updated.stderr
    assert names() == born

    deleted = pipeline.run(emulator.request_action(service, "delete"))
    assert deleted.code == 0, deleted.stderr
    assert names() == []
    for each in (created, updated, deleted):
        assert PASSWORD not in f"{each.stdout}{each.stderr}"


if TYPE_CHECKING:
    Server = tuple[Pipeline, Callable[[], list[str]]]

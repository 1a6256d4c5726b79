"""The journal in PostgreSQL, and one beside an http server: every command that uses it."""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251 - tests start the real command
import time
from typing import TYPE_CHECKING

import pytest

from http_state_server import PASSWORD, USER, run_http_states
from pipeline import Pipeline, action_id
from postgres_server import PASSWORD as DATABASE_PASSWORD
from postgres_server import PostgresServer, find_programs, run_postgres
from purveyor import json_text
from purveyor.backends import choose_records, open_backend
from purveyor.catalog import load_catalog
from purveyor.journal import Begin, Claimed, Journal
from purveyor.run_identity import RunIdentity, read_machine
from purveyor.settings import Settings
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]
QUEUE: JsonObject = {"queue_name": "orders"}
REASON = "looked in the console"
DEAF = {"NULLPLATFORM_HOST": "http://127.0.0.1:1", "PURVEYOR_PLATFORM_PATIENCE": "1"}


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    if find_programs() is None:
        pytest.skip("left out: no PostgreSQL")
    with run_postgres() as server:
        yield server


@pytest.fixture
def http_states() -> Iterator[str]:
    """A server that keeps states; it outlives the pipeline's last update."""
    with run_http_states() as server:
        yield server.url


@pytest.fixture(params=["beside states in pg", "http, journal in pg", "http, journal in a folder"])
def place(
    request: pytest.FixtureRequest,
    environment: dict[str, str],
    postgres: PostgresServer,
    http_states: str,
    pipeline: Pipeline,
) -> Pipeline:
    """A pipeline whose catalog keeps a journal in each of these ways."""
    in_pg = "{type: pg, schema_name: kept, connection_from: JOURNAL_DATABASE}"
    environment["JOURNAL_DATABASE"] = postgres.address()
    backend = f"backend: {in_pg}\n"
    if request.param != "beside states in pg":
        journal = in_pg if "pg" in request.param else "{type: local, path: kept}"
        address = f"{http_states}/states/{{name}}"
        backend = f'backend: {{type: http, address: "{address}"}}\njournal: {journal}\n'
        environment.update({"TF_HTTP_USERNAME": USER, "TF_HTTP_PASSWORD": PASSWORD})
    (pipeline.catalog / "purveyor.yaml").write_text(f"version: 1\n{backend}")
    return pipeline


def call(place: Pipeline, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    platform = place.emulator.environment() if place.emulator else {}
    done = run_command(
        *words,
        cwd=place.catalog,
        # What a test has just written counts as old.
        env={"PURVEYOR_DEAD_AFTER": "0", **place.environment, **platform},
        stdin=stdin,
    )
    shown = f"{done.stdout}{done.stderr}"
    assert PASSWORD not in shown
    assert DATABASE_PASSWORD not in shown
    return done


def test_a_second_delivery_tells_what_the_first_one_could_not(
    place: Pipeline, emulator: Emulator
) -> None:
    # What `journal:` says is set up as the states' own place is, and can be set up again.
    for _ in range(2):
        made = call(place, "state", "bootstrap")
        assert made.returncode == 0, made.stderr
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    notification = emulator.request_action(service, "create", QUEUE)
    action = action_id(notification)
    first = place.run(notification, **DEAF)
    assert first.code == 17, first.stderr
    assert "no journal" not in first.stderr
    assert actions(place, "--open") == [action]
    second = place.run(notification)
    assert (second.code, second.outcome["results"]) == (0, first.outcome["results"])
    assert emulator.action(action)["status"] == "success"
    assert (actions(place, "--open"), actions(place)) == ([], [action])
    assert len(attempts(place, action)) == 1
    finished = call(place, "finish", "--context", "-", stdin=json_text.write(notification))
    assert (finished.returncode, finished.stderr) == (0, "")
    swept = parse(call(place, "sweep", "--json").stdout)
    assert (swept["actions"], swept["locks"]) == ([], [])


def test_what_the_journal_knows_of_an_entity_is_found(place: Pipeline, emulator: Emulator) -> None:
    assert call(place, "state", "bootstrap").returncode == 0
    seen = place.catalog / "seen"
    (place.catalog / "modules/sqs-queue/seen.tf").write_text(
        f'resource "terraform_data" "seen" {{\n  provisioner "local-exec" {{\n'
        f'    command = "printenv > {seen}"\n  }}\n}}\n'
    )
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    assert place.run(emulator.request_action(service, "create", QUEUE)).code == 0
    # An engine gets nothing that opens the journal alone.
    withheld = "journal: {type: pg" in (place.catalog / "purveyor.yaml").read_text()
    assert ("JOURNAL_DATABASE=" not in seen.read_text()) is withheld
    nothing = call(place, "state", "settle", f"service/{service}", "--reason", REASON)
    assert "Nothing was in doubt" in nothing.stdout
    free = call(place, "state", "rescue", service, "--kind", "service")
    assert "No unsaved state" in free.stderr
    # The catalog forgets the module: the capsule knows how to delete what it built.
    shutil.rmtree(place.catalog / "modules/sqs-queue")
    deleted = place.run(emulator.request_action(service, "delete"))
    assert deleted.code == 0, deleted.stderr


def lose_a_run(place: Pipeline, notification: JsonObject, service: str) -> None:
    """Leave what a machine leaves that is lost while its engine changes something."""
    catalog = load_catalog(place.catalog)
    settings = Settings(place.environment)
    states = open_backend(catalog.model.backend, root=catalog.root, settings=settings)
    records = choose_records(states, catalog.model.journal, root=catalog.root, settings=settings)
    assert records is not None
    here = read_machine()
    with subprocess.Popen(["/bin/true"]) as gone:
        gone.wait()
    begin = Begin(
        action=action_id(notification),
        attempt=1,
        digest="d",
        kind="service",
        entity=service,
        service=service,
        operation="create",
        state_key="",
        identity=RunIdentity("terminal", host=here.host, boot=here.boot, pid=gone.pid),
        at=time.time() - 1000,
    )
    journal = Journal(records, lambda: time.time() - 1000)
    assert isinstance(journal.claim(begin, is_dead=lambda _: None), Claimed)
    journal.markers.put(begin, at=begin.at)


def test_a_lost_run_is_swept_and_its_doubt_holds_until_it_is_settled(
    place: Pipeline, emulator: Emulator
) -> None:
    assert call(place, "state", "bootstrap").returncode == 0
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    notification = emulator.request_action(service, "create", QUEUE)
    lose_a_run(place, notification, service)
    swept = parse(call(place, "sweep", "--json").stdout)
    assert "RUNNER_LOST" in json_text.write(swept["actions"])
    assert emulator.action(action_id(notification))["status"] == "failed"
    refused = place.run(emulator.request_action(service, "create", QUEUE))
    assert (refused.code, refused.reason) == (19, "NEEDS_RECOVERY")
    settled = call(place, "state", "settle", f"service/{service}", "--reason", REASON)
    assert settled.stdout.startswith("Settled")
    assert place.run(emulator.request_action(service, "create", QUEUE)).code == 0


def actions(place: Pipeline, *options: str) -> list[object]:
    listed = call(place, "journal", "list", "--json", *options)
    return [each["action"] for each in map(parse, listed.stdout.splitlines())]


def attempts(place: Pipeline, action: str) -> list[JsonObject]:
    shown = parse(call(place, "journal", "show", action, "--json").stdout)["attempts"]
    assert isinstance(shown, list)
    return [each for each in shown if isinstance(each, dict)]


def parse(text: str) -> JsonObject:
    value = json_text.parse(text)
    assert isinstance(value, dict)
    return value

"""Cells for a journal in PostgreSQL, beside the states or beside an http server of states."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fault_deeds import opened, request_action
from fault_fixtures import Phase, Row, follow_up, wait_for_quiet

from postgres_server import PostgresServer
from purveyor_faultkit import GITHUB, MACHINE_LOST, run_proxy, run_states
from purveyor_faultkit.places import read_resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import psycopg

    from purveyor_faultkit import Harness, Proxy, Schedule
    from purveyor_faultkit.harness import RequestedAction
    from purveyor_faultkit.started import StartedCommand

_LOCKED = """
    SELECT count(*) FROM pg_locks l JOIN {schema}.states s
      ON ((l.classid::bigint << 32) | l.objid::bigint) = s.id
    WHERE l.locktype = 'advisory' AND l.granted AND s.name LIKE %s
"""


@dataclass(frozen=True, slots=True)
class PgPlace:
    """States in one schema."""

    server: PostgresServer
    schema: str

    def text(self, entity: str) -> str | None:
        """Read the row; the empty state that an engine writes first is none."""
        with self.server.connect() as connection:
            statement = f"SELECT data FROM {self.schema}.states WHERE name LIKE %s"  # noqa: S608 - ours
            row = connection.execute(statement.encode(), (f"services:{entity}:%",)).fetchone()
        return str(row[0]) if row and read_resources(row[0]) else None

    def locked(self, entity: str) -> bool:
        """Ask the database."""
        with self.server.connect() as connection:
            statement = _LOCKED.format(schema=self.schema).encode()
            row = connection.execute(statement, (f"services:{entity}:%",)).fetchone()
        return bool(row and row[0])

    def records(self, connection: psycopg.Connection) -> list[str]:
        """Return the paths of all records."""
        statement = f"SELECT path FROM {self.schema}.purveyor_journal".encode()  # noqa: S608 - ours
        return [path for (path,) in connection.execute(statement)]


@contextlib.contextmanager
def on_pg(
    folder: Path, environment: Mapping[str, str], server: PostgresServer
) -> Iterator[tuple[Harness, PgPlace, Proxy]]:
    """Keep states and journal in a schema of its own, behind a proxy."""
    schema = f"states_{uuid.uuid4().hex[:12]}"
    server.make_table(schema)
    place = PgPlace(server, schema)
    with run_proxy("127.0.0.1", server.port) as proxy:
        port = urlsplit(proxy.url).port
        assert port is not None
        reach = {**environment, "PG_CONN_STR": PostgresServer(port).address()}
        backend = f"{{type: pg, schema_name: {schema}}}"
        with opened(folder, reach, backend=backend, place=place) as harness:
            yield harness, place, proxy


def play_on_pg(
    folder: Path,
    environment: Mapping[str, str],
    server: PostgresServer,
    how: tuple[Schedule, Phase],
) -> Row:
    """Strike a run before its first state write, or before it writes its end."""
    fault, phase = how
    with on_pg(folder, environment, server) as (harness, _, proxy):
        requested = request_action(harness)
        started = _bring(harness, requested, proxy, phase)
        started.send_signals(fault)
        started.end()
        wait_for_quiet(started)
        proxy.mend()
        if fault.machine:
            return follow_up(
                harness, requested, (f"{fault.name}, PostgreSQL", phase.value), started
            )
        name = (f"{fault.name}, PostgreSQL", phase.value)
        return follow_up(harness, requested, name, started, machine=False)


def _bring(
    harness: Harness, requested: RequestedAction, proxy: Proxy, phase: Phase
) -> StartedCommand:
    harness.resource_log.shut("beacon")
    if phase is Phase.BEFORE_END:
        proxy.hold(b"end.json")
    started = harness.start(requested)
    assert started.wait_until(lambda: "create beacon" in harness.resource_log.lines()), (
        started.end().stderr
    )
    if phase is Phase.BEFORE_END:
        harness.resource_log.open()
        assert started.wait_until(proxy.held.is_set), started.end().stderr
    return started


def cut_pg(folder: Path, environment: Mapping[str, str], server: PostgresServer) -> Row:
    """Break every connection once while the engine is at work, the engine's with its lock."""
    with on_pg(folder, environment, server) as (harness, _, proxy):
        requested = request_action(harness)
        started = _bring(harness, requested, proxy, Phase.APPLY_BEFORE)
        proxy.cut()
        harness.resource_log.open()
        started.end(90)
        proxy.mend()
        return follow_up(harness, requested, ("PostgreSQL cut", "apply, to its end"), started)


def refused_http(folder: Path, environment: Mapping[str, str], server: PostgresServer) -> Row:
    """An http server refuses the state; a journal in PostgreSQL takes it until the next run."""
    schema = f"journal_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    reach = {**environment, "JOURNAL_DATABASE": server.address()}
    journal = f"{{type: pg, schema_name: {schema}, connection_from: JOURNAL_DATABASE}}"
    with run_states() as states:
        backend = f'{{type: http, address: "{states.url}/states/{{name}}"}}\njournal: {journal}'
        with opened(folder, reach, backend=backend, place=states) as harness:
            requested = request_action(harness)
            states.refuse["POST"] = 403
            started = harness.start(requested)
            started.end()
            states.mend()
            with server.connect() as connection:
                kept = PgPlace(server, schema).records(connection)
            assert any("/recovery/" in each for each in kept), kept
            name = ("http: 403 on PUT, journal in PostgreSQL", "state write")
            return follow_up(harness, requested, name, started)


def lost_http(folder: Path, environment: Mapping[str, str]) -> Row:
    """A machine is lost whose states lie on an http server and whose journal lies in a folder."""
    with run_states() as states:
        address = f'"{states.url}/states/{{name}}"'
        backend = f"{{type: http, address: {address}}}\njournal: {{type: local, path: states}}"
        with opened(folder, environment, backend=backend, place=states) as harness:
            requested = request_action(harness)
            harness.resource_log.shut("beacon")
            started = harness.start(requested)
            assert started.wait_until(lambda: "create beacon" in harness.resource_log.lines())
            started.send_signals(MACHINE_LOST)
            started.end()
            wait_for_quiet(started)
            name = ("machine lost, http with a journal", Phase.APPLY_BEFORE.value)
            return follow_up(harness, requested, name, started, machine=False)


STRUCK = [
    (MACHINE_LOST, Phase.APPLY_BEFORE),
    (MACHINE_LOST, Phase.BEFORE_END),
    (GITHUB, Phase.APPLY_BEFORE),
]
PG_CELLS: Mapping[str, Callable[[Path, Mapping[str, str], PostgresServer], Row]] = {
    "cut": cut_pg,
    "refused": refused_http,
}

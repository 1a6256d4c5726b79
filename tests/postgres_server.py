"""A real PostgreSQL server for tests: a cluster of its own, on loopback, with a password."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess  # noqa: TID251 - a server that outlives one call
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Absence = Callable[[], AbstractContextManager[None]]

USER = "tester"
PASSWORD = "pass/word with spaces"
_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 60
_TABLE = """
    CREATE SEQUENCE IF NOT EXISTS public.global_states_id_seq AS bigint;
    CREATE SCHEMA {schema};
    CREATE TABLE {schema}.states (
        id bigint NOT NULL DEFAULT nextval('public.global_states_id_seq') PRIMARY KEY,
        name text UNIQUE,
        data text
    );
"""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """Where the server listens; `USER` is its superuser and `PASSWORD` that user's password."""

    port: int

    def address(
        self, user: str = USER, password: str = PASSWORD, database: str = "postgres"
    ) -> str:
        """Return a connection string."""
        coded = password.replace("/", "%2F").replace(" ", "%20")
        return f"postgres://{user}:{coded}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def connect(self) -> psycopg.Connection:
        """Return a connection for arranging and looking."""
        return psycopg.connect(self.address(), autocommit=True)

    def make_table(self, schema: str) -> None:
        """Make a schema with the table that the engines make (measured on both)."""
        with self.connect() as connection:
            connection.execute(_TABLE.format(schema=schema).encode())


def find_programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`; None when there is none."""
    newest = sorted(_DEBIAN.glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*newest, *([Path(on_path).parent] if on_path else [])]
    return next((each for each in folders if (each / "postgres").exists()), None)


@dataclass(frozen=True, slots=True)
class _Cluster:
    programs: Path
    folder: Path
    user: str | None  # whom the server runs as; None for ourselves
    port: int


@contextlib.contextmanager
def run_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Run a server on a free port; its cluster goes away with it. A durable one waits for disks."""
    with _cluster() as cluster, _running(cluster, durable=durable):
        yield PostgresServer(cluster.port)


@contextlib.contextmanager
def run_stoppable_postgres() -> Iterator[tuple[PostgresServer, Absence]]:
    """Run a server, and return with it what stops it as long as a block lasts."""
    with _cluster() as cluster, contextlib.ExitStack() as life:
        life.enter_context(_running(cluster))

        @contextlib.contextmanager
        def absent() -> Iterator[None]:
            life.close()
            yield
            life.enter_context(_running(cluster))

        yield PostgresServer(cluster.port), absent


@contextlib.contextmanager
def _cluster() -> Iterator[_Cluster]:
    programs = find_programs()
    assert programs is not None, "no PostgreSQL: look at `real_programs` first"
    # PostgreSQL refuses to be root, and another user may not enter the tests' own folders.
    user = "postgres" if os.geteuid() == 0 else None
    # Not in the tests' own folder, which another user, such as the server's, may not enter.
    folder = Path(tempfile.mkdtemp(prefix="purveyor-postgres-", dir="/tmp"))
    try:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        if user:
            shutil.chown(folder, user)
            shutil.chown(secret, user)
        _make_cluster(programs, folder, user)
        yield _Cluster(programs, folder, user, _free_port())
    finally:
        shutil.rmtree(folder)


def _make_cluster(programs: Path, folder: Path, user: str | None) -> None:
    subprocess.run(
        [
            programs / "initdb", f"--username={USER}", f"--pwfile={folder / 'password'}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync",
            f"--pgdata={folder / 'data'}",
        ],
        check=True, capture_output=True, user=user, cwd=folder, env={"PATH": str(programs)},
    )  # fmt: skip


@contextlib.contextmanager
def _running(cluster: _Cluster, *, durable: bool = False) -> Iterator[None]:
    programs, folder, port = cluster.programs, cluster.folder, cluster.port
    fsync = f"fsync={'on' if durable else 'off'}"
    settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", fsync)
    log = folder / "log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [
                programs / "postgres", "-D", folder / "data", "-p", str(port),
                *(word for each in settings for word in ("-c", each)),
            ],
            stdout=output, stderr=output, user=cluster.user, cwd=folder,
            env={"PATH": str(programs)},
        )  # fmt: skip
    try:
        _await(PostgresServer(port), child, log)
        yield
    finally:
        child.send_signal(signal.SIGINT)  # SIGTERM would wait for whoever is still connected
        child.wait(timeout=_START_SECONDS)


def _await(server: PostgresServer, child: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_START_SECONDS * 20):
        with contextlib.suppress(psycopg.OperationalError), server.connect():
            return
        assert child.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"PostgreSQL did not start: {log.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

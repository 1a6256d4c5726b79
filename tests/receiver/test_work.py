"""`purveyor work` on two machines that share an inbox in PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import subprocess  # noqa: TID251 - tests start the real command
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner
from receiver_fixtures import until

from purveyor import json_text
from purveyor.cli import cli
from purveyor.errors import CatalogError, CredentialsError
from purveyor.inbox.model import Delivery, DeliveryStatus
from purveyor.inbox.postgres import PostgresInbox
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from postgres_server import PostgresServer

EXAMPLES = Path(__file__).parents[2] / "examples"


@contextlib.contextmanager
def machine(
    catalog: Path, home: Path, environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run `purveyor work` with a home of its own; yield it and what it tells."""
    home.mkdir()
    log = home / "log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "purveyor", "work", "--workers", "1"],
            cwd=catalog,
            env={**environment, "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield child, log
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


@pytest.mark.slow
@pytest.mark.one_engine
def test_two_machines_share_the_work_and_each_action_is_done_once(
    postgres: PostgresServer, engine_environment: dict[str, str], tmp_path: Path
) -> None:
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE shared_work")
    address = postgres.address(database="shared_work")
    catalog = Path(shutil.copytree(EXAMPLES / "catalog", tmp_path / "catalog"))
    with Emulator.running() as emulator, contextlib.ExitStack() as machines:
        environment = {**engine_environment, **emulator.environment(), "PURVEYOR_INBOX": address}
        children = [
            machines.enter_context(machine(catalog, tmp_path / name, environment))
            for name in ("one", "two")
        ]
        for _, log in children:
            until(lambda log=log: '"working"' in log.read_text(), 60)  # type: ignore[misc]
        actions = asyncio.run(accept_four(emulator, address))
        until(lambda: all(emulator.action(each)["status"] == "success" for each in actions), 90)
        until(lambda: ended(address) == 4, 30)
        for child, log in children:
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 0
            assert '"started"' in log.read_text()
            assert "word" not in log.read_text()
        told = "".join(log.read_text() for _, log in children)
        assert told.count('"started"') == 4


async def accept_four(emulator: Emulator, address: str) -> list[str]:
    """Have four services asked for, and their notifications accepted as a receiver does."""
    inbox, actions = PostgresInbox(address), []
    for number in range(4):
        service = str(emulator.create_service("sqs-queue")["id"])
        sent = emulator.request_action(service, "create", {"queue_name": f"queue-{number}"})
        action = str(sent["notification"]["id"])  # type: ignore[index,call-overload]
        body = json_text.write(sent).encode()
        await inbox.accept(
            Delivery(action, f"service/{service}", "sqs-queue", "create", body, time.time())
        )
        actions.append(action)
    await inbox.close()
    return actions


def ended(address: str) -> int:
    with psycopg.connect(address) as connection:
        found = connection.execute(
            "SELECT count(*) FROM purveyor_inbox.deliveries WHERE status = %s",
            (DeliveryStatus.ENDED,),
        ).fetchone()
        return 0 if found is None else int(found[0])


def test_work_begins_only_with_credentials_and_an_inbox_that_answers(tmp_path: Path) -> None:
    (tmp_path / "purveyor.yaml").write_text("version: 1\n")
    words = ["work", "--catalog", str(tmp_path), "--inbox", "postgresql://me@127.0.0.1:1/x"]
    without = {"NULLPLATFORM_API_KEY": "", "NP_API_KEY": "", "NP_TOKEN": ""}
    assert isinstance(CliRunner().invoke(cli, words, env=without).exception, CredentialsError)
    done = CliRunner().invoke(cli, words, env={**without, "NP_TOKEN": "t"})
    assert isinstance(done.exception, CatalogError)
    assert "PostgreSQL does not answer" in done.exception.message

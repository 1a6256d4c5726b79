"""Every kind of inbox that the contract suite runs over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from purveyor.inbox.model import pause_after
from purveyor.inbox.sqlite import SqliteInbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inbox_fixtures import OpenInbox

    from postgres_server import PostgresServer
    from purveyor.inbox.model import Inbox


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """A database of its own, as the address of an inbox."""
    from inbox_database import make_database

    return make_database(postgres)


@pytest.fixture(params=["sqlite", "postgres"])
def open_inbox(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> OpenInbox:
    """Open one and the same inbox: each call as a process of its own would."""
    if request.param == "postgres":
        return _in_postgres(request.getfixturevalue("database"), monkeypatch)

    def open_one(
        *,
        now: Callable[[], float] | None = None,
        pauses: Callable[[int], float | None] | None = None,
    ) -> Inbox:
        named = {"now": now, "pauses": pauses}
        return SqliteInbox(
            tmp_path / "inbox.sqlite",
            **{k: v for k, v in named.items() if v is not None},  # type: ignore[arg-type]
        )

    return open_one


def _in_postgres(address: str, monkeypatch: pytest.MonkeyPatch) -> OpenInbox:
    from inbox_database import TurnedConnection

    from purveyor.inbox.postgres import PostgresInbox

    def open_one(
        *,
        now: Callable[[], float] | None = None,
        pauses: Callable[[int], float | None] | None = None,
    ) -> Inbox:
        if now is not None:
            turned = partial(TurnedConnection, now)
            monkeypatch.setattr("purveyor.inbox.postgres.inbox.LastingConnection", turned)
        return PostgresInbox(address, pauses=pauses or pause_after, dead_after=0.6)

    return open_one

"""What holds of the inbox in a file alone: one worker, private, honest about a full disk."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inbox_fixtures import Work, delivery, play, statuses, until_ended, working

from purveyor.errors import CatalogError
from purveyor.inbox.model import NotStoredError
from purveyor.inbox.sqlite import SqliteInbox

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_worker_on_the_same_file_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        inbox, other = (SqliteInbox(tmp_path / "inbox.sqlite") for _ in range(2))
        async with working(inbox, Work()):
            await asyncio.sleep(0.05)
            with pytest.raises(CatalogError, match="Another receiver works on the inbox"):
                await other.work(Work(), 1, asyncio.Event())
        await other.close()
        await inbox.close()

    play(scene())


def test_only_its_owner_can_read_its_files(tmp_path: Path) -> None:
    async def scene() -> None:
        inbox = SqliteInbox(tmp_path / "inbox.sqlite")
        await inbox.accept(delivery("a1"))
        names = ["inbox.sqlite", "inbox.sqlite-shm", "inbox.sqlite-wal"]
        assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names] == [0o600] * 3
        await inbox.close()

    play(scene())


def test_the_body_of_an_ended_one_is_forgotten(tmp_path: Path) -> None:
    async def scene() -> None:
        inbox = SqliteInbox(tmp_path / "inbox.sqlite")
        await inbox.accept(delivery("a1"))
        async with working(inbox, Work()):
            await until_ended(inbox)
        await inbox.close()
        with sqlite3.connect(tmp_path / "inbox.sqlite") as db:
            assert db.execute("SELECT body FROM deliveries").fetchall() == [(b"",)]
        db.close()

    play(scene())


def test_nothing_is_accepted_that_a_full_disk_cannot_keep(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "inbox.sqlite"
        inbox = SqliteInbox(path)
        pages = inbox._db.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001 - the limit is a connection's
        inbox._db.execute(f"PRAGMA max_page_count = {pages + 8}")  # noqa: SLF001 - see above
        accepted = []
        with pytest.raises(NotStoredError, match="full"):  # noqa: PT012 - until it is
            for number in range(1000):
                await inbox.accept(replace(delivery(f"a{number}"), body=b"{}" * 1500))
                accepted.append(f"a{number}")
        assert accepted
        assert sorted(await statuses(inbox)) == sorted(accepted)
        inbox._db.execute("PRAGMA max_page_count = 100000")  # noqa: SLF001 - room again
        assert (await inbox.accept(delivery(f"a{len(accepted)}"))).new
        work = Work()
        async with working(inbox, work):
            await until_ended(inbox)
        assert work.begun == [*accepted, f"a{len(accepted)}"]
        await inbox.close()

    play(scene())

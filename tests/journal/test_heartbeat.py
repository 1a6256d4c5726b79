"""A heartbeat names the lock of the engine that works, and of none that has ended."""

from __future__ import annotations

import dataclasses
import threading
import time
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import make_begin
from purveyor.attempt import heartbeat
from purveyor.attempt.heartbeat import Heartbeat
from purveyor.backends.folder_records import FolderRecords
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.journal import Journal
from purveyor.lock import Lock
from purveyor.outcome import Outcome, Status
from purveyor.provision.claim import Attempt
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from pathlib import Path

MINE = Lock("l-1")


class Written:
    """What was written; `came` is set with each."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.came = threading.Event()

    def __call__(self, lock_id: str) -> None:
        self.ids.append(lock_id)
        self.came.set()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setattr(heartbeat, "LOCK_SECONDS", 0.05)
    return Written()


def test_the_lock_is_written_as_soon_as_it_is_known(written: Written) -> None:
    beat = Heartbeat(written)
    with beat.beating():
        beat.hold(lambda: MINE)
        assert written.came.wait(5)
    assert written.ids == ["l-1"]


def test_a_run_that_is_over_at_once_never_asks(written: Written) -> None:
    asked: list[int] = []
    beat = Heartbeat(written)
    with beat.beating():
        beat.hold(lambda: asked.append(1))
        beat.release()
        time.sleep(0.2)
    assert (asked, written.ids) == ([], [])


def test_a_lock_that_is_found_after_the_engine_ended_is_nobodys(written: Written) -> None:
    beat, looked = Heartbeat(written), threading.Event()

    def look() -> Lock:
        beat.release()
        looked.set()
        return MINE

    with beat.beating():
        beat.hold(look)
        assert looked.wait(5)
        time.sleep(0.1)
    assert written.ids == []


def test_a_store_that_fails_stops_nothing(written: Written) -> None:
    beat, failed = Heartbeat(written), threading.Event()

    def look() -> Lock:
        failed.set()
        raise RecoveryError("away", reason=ReasonCode.STATE_UNREADABLE, hint="")

    with beat.beating():
        beat.hold(look)
        assert failed.wait(5)
        time.sleep(0.1)
        beat.hold(lambda: MINE)
        assert written.came.wait(5)
    assert written.ids == ["l-1"]


@pytest.mark.parametrize("left", [False, True])
def test_an_action_whose_lock_may_be_left_is_heard_and_stays_open(
    tmp_path: Path, *, left: bool
) -> None:
    journal = Journal(FolderRecords(tmp_path), time.time)
    begin = make_begin(RunIdentity(ci="terminal"), at=1.0)
    journal.claim(begin, is_dead=lambda _: None)
    attempt = Attempt(journal, begin, lock_left=left)
    attempt.finish(Outcome(Status.FAILED, ReasonCode.STATE_LOCKED, 14, "Locked."), at=2.0)
    attempt.close()
    found = journal.last("a-1")
    assert found is not None
    assert found.reported
    assert list(journal.open_actions()) == (["a-1"] if left else [])
    assert dataclasses.replace(begin) == found.begin

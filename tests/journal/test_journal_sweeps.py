"""A sweep may take an action that no run took: once, without its content, never before a run."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import make_begin
from purveyor.backends.stores.local import FolderStore
from purveyor.dispatch import look_up
from purveyor.entity import EntityRef
from purveyor.errors import ContextError
from purveyor.journal import Begin, Claimed, End, Ended, Journal, Running
from purveyor.run_identity import SWEEP, RunIdentity
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

RUN = make_begin(RunIdentity(ci="github", run="100", project="acme/infra"))
SWEPT = dataclasses.replace(RUN, digest="", identity=RunIdentity(ci=SWEEP, host="runner"))
LOST = End(at=1000.0, status="failed", reason="RUN_NOT_STARTED", exit_code=15, message="None.")


@pytest.fixture
def records(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def journal_at(records: FolderStore, now: float = 1000.0) -> Journal:
    return Journal(records, lambda: now)


def claim(journal: Journal, begin: Begin) -> object:
    return journal.claim(begin, is_dead=lambda identity: look_up(identity, Settings({})).dead)


def test_a_delivery_after_a_sweep_meets_its_ending_whatever_its_content(
    records: FolderStore,
) -> None:
    journal = journal_at(records)
    assert claim(journal, SWEPT) == Claimed(SWEPT)
    assert journal.end(SWEPT, LOST)
    assert claim(journal, RUN) == Ended(SWEPT, LOST, reported=False)
    assert claim(journal, dataclasses.replace(RUN, digest="other")) == Ended(SWEPT, LOST, False)


def test_a_sweep_never_takes_what_a_run_has(records: FolderStore) -> None:
    journal = journal_at(records)
    claim(journal, RUN)
    assert claim(journal, SWEPT) == Running(RUN, 0.0)


def test_two_runs_with_other_content_are_still_told_apart(records: FolderStore) -> None:
    journal = journal_at(records)
    claim(journal, RUN)
    with pytest.raises(ContextError, match="other content"):
        claim(journal, dataclasses.replace(RUN, digest="other"))


def test_a_sweep_is_not_who_worked_on_the_entity_last(records: FolderStore) -> None:
    journal = journal_at(records)
    claim(journal, dataclasses.replace(RUN, action="a-0"))
    claim(journal, SWEPT)
    assert journal.last_action(EntityRef("service", "s-1")) == "a-0"


def test_of_a_sweep_and_twenty_runs_at_once_one_has_the_action(records: FolderStore) -> None:
    journal = journal_at(records)
    begins = [
        SWEPT,
        *(
            dataclasses.replace(RUN, identity=dataclasses.replace(RUN.identity, run=str(number)))
            for number in range(20)
        ),
    ]
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda begin: claim(journal, begin), begins))
    assert sum(isinstance(each, Claimed) for each in verdicts) == 1


def test_what_a_lost_sweep_took_is_followed_after_five_minutes_by_a_run(
    records: FolderStore,
) -> None:
    claim(journal_at(records), SWEPT)
    assert claim(journal_at(records, 1299.0), RUN) == Running(SWEPT, 299.0)
    second = dataclasses.replace(RUN, attempt=2)
    assert claim(journal_at(records, 1300.0), RUN) == Claimed(second, before=SWEPT)

"""An action is carried out once, whoever delivers it and however often."""

from __future__ import annotations

import dataclasses
import multiprocessing
from typing import TYPE_CHECKING

import pytest

from journal_fixtures import GITHUB, make_begin
from purveyor.backends.stores.local import FolderStore
from purveyor.entity import EntityRef
from purveyor.errors import ContextError, RecoveryError
from purveyor.journal import Beat, Claimed, End, Ended, Journal, Running, Unknown

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.run_identity import RunIdentity

BEGIN = make_begin()
DONE = End(at=1010.0, status="success", reason="DONE", exit_code=0, message="Created.")
FAILED = dataclasses.replace(DONE, status="failed", reason="ENGINE_FAILED", exit_code=15)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Journal:
    return Journal(FolderStore(tmp_path), clock)


def nobody_knows(_: RunIdentity) -> None:
    return None


def claim(journal: Journal, *, dead: bool | None = None, **changes: object) -> object:
    wanted = dataclasses.replace(BEGIN, **changes)  # type: ignore[arg-type]
    return journal.claim(wanted, is_dead=lambda _: dead)


def other_run(number: str) -> RunIdentity:
    return dataclasses.replace(GITHUB, run=number, url=f"https://ci/{number}")


def test_the_first_delivery_claims_the_action(journal: Journal) -> None:
    assert claim(journal) == Claimed(BEGIN)
    assert list(journal.open_actions()) == ["a-1"]


def test_a_second_delivery_meets_the_running_one(journal: Journal, clock: Clock) -> None:
    claim(journal)
    clock.now += 20
    assert claim(journal, identity=other_run("101")) == Running(BEGIN, 20.0)


def test_a_heartbeat_keeps_an_attempt_alive(journal: Journal, clock: Clock) -> None:
    claim(journal)
    clock.now += 400
    journal.beat(BEGIN, Beat(at=clock.now - 10))
    assert claim(journal, identity=other_run("101")) == Running(BEGIN, 10.0)


def test_silence_alone_is_never_death(journal: Journal, clock: Clock) -> None:
    claim(journal)
    clock.now += 10_000
    assert claim(journal, identity=other_run("101")) == Unknown(BEGIN, 10_000.0)


def test_a_run_that_is_certainly_over_is_followed(journal: Journal, clock: Clock) -> None:
    claim(journal)
    clock.now += 301
    second = claim(journal, dead=True, identity=other_run("101"))
    assert isinstance(second, Claimed)
    assert second.begin.attempt == 2
    assert second.before == BEGIN


def test_a_ci_is_asked_only_about_a_run_that_fell_silent(journal: Journal, clock: Clock) -> None:
    asked: list[RunIdentity] = []
    claim(journal)
    clock.now += 299
    later = dataclasses.replace(BEGIN, identity=other_run("101"))
    journal.claim(later, is_dead=asked.append)
    assert asked == []
    clock.now += 1
    journal.claim(later, is_dead=asked.append)
    assert asked == [GITHUB]


def test_the_journal_knows_who_worked_on_an_entity_last(journal: Journal) -> None:
    assert journal.last_action(EntityRef("service", "s-1")) is None
    claim(journal)
    claim(journal, action="a-2", identity=other_run("101"))
    assert journal.last_action(EntityRef("service", "s-1")) == "a-2"


def test_the_same_ci_run_started_again_follows_its_first_try(journal: Journal) -> None:
    claim(journal)
    again = claim(journal, identity=dataclasses.replace(GITHUB, attempt=2))
    assert isinstance(again, Claimed)
    assert again.begin.attempt == 2


def test_a_later_delivery_of_an_ended_action_gets_its_ending(journal: Journal) -> None:
    claim(journal)
    assert journal.end(BEGIN, DONE)
    assert claim(journal, identity=other_run("101")) == Ended(BEGIN, DONE, reported=False)
    journal.close(BEGIN)
    assert list(journal.open_actions()) == []
    assert claim(journal, identity=other_run("102")) == Ended(BEGIN, DONE, reported=True)


def test_a_failure_is_replayed_to_others_and_tried_again_by_the_same_ci_run(
    journal: Journal,
) -> None:
    claim(journal)
    journal.end(BEGIN, FAILED)
    assert isinstance(claim(journal, identity=other_run("101")), Ended)
    again = claim(journal, identity=dataclasses.replace(GITHUB, attempt=2))
    assert isinstance(again, Claimed)
    assert again.begin.attempt == 2


def test_a_success_is_never_tried_again(journal: Journal) -> None:
    claim(journal)
    journal.end(BEGIN, DONE)
    assert isinstance(claim(journal, identity=dataclasses.replace(GITHUB, attempt=2)), Ended)


def test_the_same_id_with_other_content_is_refused(journal: Journal) -> None:
    claim(journal)
    with pytest.raises(ContextError, match="other content"):
        claim(journal, digest="other")


def test_an_end_is_written_once(journal: Journal) -> None:
    claim(journal)
    assert journal.end(BEGIN, DONE)
    assert not journal.end(BEGIN, FAILED)
    assert claim(journal, identity=other_run("101")) == Ended(BEGIN, DONE, reported=False)


def test_a_clock_that_runs_behind_is_no_sign_of_death(journal: Journal, clock: Clock) -> None:
    claim(journal)
    clock.now -= 500
    assert claim(journal, identity=other_run("101")) == Running(BEGIN, 0.0)


def test_records_are_private_files(journal: Journal, tmp_path: Path) -> None:
    claim(journal)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_journal_that_cannot_be_written_stops_the_action(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(RecoveryError, match="journal"):
        claim(Journal(FolderStore(blocked), Clock()))


def deliver(root: Path, number: int) -> str:
    journal = Journal(FolderStore(root), Clock())
    wanted = dataclasses.replace(BEGIN, identity=other_run(str(number)))
    return type(journal.claim(wanted, is_dead=nobody_knows)).__name__


def test_of_two_hundred_deliveries_at_once_exactly_one_claims(tmp_path: Path) -> None:
    with multiprocessing.get_context("forkserver").Pool(8) as pool:
        verdicts = pool.starmap(deliver, [(tmp_path, number) for number in range(200)])
    assert verdicts.count("Claimed") == 1
    assert set(verdicts) == {"Claimed", "Running"}


def test_of_many_that_follow_a_dead_attempt_exactly_one_claims(tmp_path: Path) -> None:
    claim(Journal(FolderStore(tmp_path), Clock()))
    with multiprocessing.get_context("forkserver").Pool(8) as pool:
        verdicts = pool.starmap(follow, [(tmp_path, number) for number in range(1, 80)])
    assert verdicts.count("Claimed") == 1


def follow(root: Path, number: int) -> str:
    def is_dead(identity: RunIdentity) -> bool | None:
        return True if identity.run == "100" else None

    wanted = dataclasses.replace(BEGIN, identity=other_run(f"2{number}"), at=1400.0)
    clock = Clock()
    clock.now = 1400.0
    return type(Journal(FolderStore(root), clock).claim(wanted, is_dead=is_dead)).__name__

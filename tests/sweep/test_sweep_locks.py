"""A lock is freed only when its holder is certainly dead, and is the same on two looks."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import pytest
from sweep_fixtures import Stage, lock_text

from purveyor.clock import Clock
from purveyor.run_identity import RunIdentity
from purveyor.state_key import StateKey

if TYPE_CHECKING:
    from moto_server import MotoServer
    from purveyor.journal import Begin


def key_of(begin: Begin) -> str:
    return f"services/{begin.entity}/orders-db.tfstate"


def put_lock(stage: Stage, begin: Begin, **changes: Any) -> None:
    stage.records.put(f"{key_of(begin)}.tflock", lock_text(**{"ago": 500, **changes}))


def held(stage: Stage, begin: Begin) -> bool:
    return stage.backend.access(StateKey(key_of(begin), exists=True)).holder() is not None


@pytest.fixture
def dead(bucket: Stage) -> Begin:
    """An attempt whose last sign came 510 s ago, and whose run GitHub calls completed."""
    begin = bucket.begin()
    bucket.beat(begin, ago=510)
    bucket.double.github_run("completed", conclusion="cancelled")
    return begin


def test_the_lock_of_a_dead_run_is_freed_after_a_second_look(bucket: Stage, dead: Begin) -> None:
    put_lock(bucket, dead)
    (lock,) = bucket.sweep().locks
    assert (lock.done, lock.needs_person, lock.lock_id) == ("freed", False, "l-1")
    assert bucket.naps == [2.0]
    assert not held(bucket, dead)
    assert bucket.open() == []


def test_the_lock_in_the_heartbeat_is_proof_enough(bucket: Stage, dead: Begin) -> None:
    bucket.beat(dead, ago=510, lock_id="l-1")
    put_lock(bucket, dead, ago=10, who="somebody@elsewhere")
    assert [each.done for each in bucket.sweep().locks] == ["freed"]


@pytest.mark.parametrize(
    "changes",
    [{"ago": 100}, {"ago": 2000}, {"who": "ana@laptop"}],
    ids=["taken later", "taken before", "taken elsewhere"],
)
def test_a_lock_of_somebody_else_is_let_alone(
    bucket: Stage, dead: Begin, changes: dict[str, Any]
) -> None:
    put_lock(bucket, dead, **changes)
    swept = bucket.sweep()
    assert swept.locks == ()
    assert held(bucket, dead)


def test_another_lock_than_the_heartbeats_is_let_alone(bucket: Stage, dead: Begin) -> None:
    bucket.beat(dead, ago=510, lock_id="l-2")
    put_lock(bucket, dead)
    assert bucket.sweep().locks == ()
    assert held(bucket, dead)


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_the_lock_of_a_run_that_lives_is_let_alone(bucket: Stage, dead: Begin, status: str) -> None:
    bucket.double.github_run(status)
    put_lock(bucket, dead)
    assert bucket.sweep().locks == ()
    assert held(bucket, dead)


def test_the_lock_of_an_unknown_run_names_holder_and_page(bucket: Stage, dead: Begin) -> None:
    bucket.double.answers.clear()
    put_lock(bucket, dead)
    swept = bucket.sweep()
    (lock,) = swept.locks
    assert swept.needs_person
    assert "ci@runner-7" in lock.holder
    assert lock.run_url == dead.identity.url
    assert lock.age == pytest.approx(500, abs=5)
    assert held(bucket, dead)


def test_a_lock_that_changes_between_the_looks_is_let_alone(bucket: Stage, dead: Begin) -> None:
    put_lock(bucket, dead)
    swept = bucket.sweep(
        clock=Clock(
            time.monotonic, time.time, lambda _: put_lock(bucket, dead, lock_id="l-9", ago=0)
        )
    )
    assert [each.done for each in swept.locks] == ["gone meanwhile"]
    assert held(bucket, dead)


def test_an_open_action_on_the_same_state_that_may_hold_it_keeps_it(
    bucket: Stage, dead: Begin
) -> None:
    rival = dataclasses.replace(
        dead, action="rival", identity=dataclasses.replace(dead.identity, run="200")
    )
    bucket.follow(rival)
    bucket.beat(rival, ago=10)
    put_lock(bucket, dead)
    (lock,) = bucket.sweep().locks
    assert "another open action" in lock.found
    assert held(bucket, dead)


def test_a_lock_that_could_not_be_freed_is_seen_again(bucket: Stage, dead: Begin) -> None:
    rival = dataclasses.replace(
        dead, action="rival", identity=dataclasses.replace(dead.identity, run="200")
    )
    bucket.follow(rival)
    bucket.beat(rival, ago=450)
    put_lock(bucket, dead)
    assert bucket.sweep().needs_person
    assert bucket.shown(dead) == "failed"
    assert held(bucket, dead)
    assert sorted(bucket.open()) == sorted([dead.action, "rival"])
    bucket.double.github_run("completed", run=200)
    bucket.sweep()
    assert not held(bucket, dead)
    assert dead.action not in bucket.open()


def test_the_lock_of_an_attempt_that_was_taken_over_is_freed(bucket: Stage, dead: Begin) -> None:
    put_lock(bucket, dead)
    later = dataclasses.replace(dead.identity, run="300", host="runner-9")
    second = bucket.follow(dataclasses.replace(dead, identity=later, at=dead.at + 900))
    assert second.attempt == 2
    bucket.beat(second, ago=5)
    swept = bucket.sweep()
    assert [each.done for each in swept.actions] == ["left alone"]
    assert [each.done for each in swept.locks] == ["freed"]
    assert not held(bucket, dead)


def test_a_process_that_is_gone_proves_nothing_while_an_engine_runs(bucket: Stage) -> None:
    begin = bucket.begin()
    gone = RunIdentity("terminal", host="runner-7", boot="b", pid=1)
    other = dataclasses.replace(begin, action="mine", identity=gone)
    bucket.journal.close(begin)
    bucket.follow(other)
    put_lock(bucket, begin, ago=990)
    sweeper = bucket.sweeper()
    over = dataclasses.replace(sweeper.look_up(gone), alive=False)
    bucket.engine_here = True
    (lock,) = bucket.sweep(look_up=lambda _: over).locks
    assert "an engine still runs" in lock.found
    bucket.engine_here = False
    (lock,) = bucket.sweep(look_up=lambda _: over).locks
    assert lock.done == "freed"


def test_a_dry_run_frees_nothing(bucket: Stage, dead: Begin) -> None:
    put_lock(bucket, dead)
    assert [each.done for each in bucket.sweep(dry_run=True).locks] == ["would be freed"]
    assert held(bucket, dead)
    assert bucket.naps == []


def test_the_cost_grows_with_what_is_open(bucket: Stage, moto: MotoServer) -> None:
    def requests() -> int:
        with moto.recording() as recorded:
            assert len(bucket.sweep(dry_run=True).actions) == 2
        return len(recorded)

    for run in (100, 101):
        bucket.begin(run=run)
        bucket.double.github_run("in_progress", run=run)
    few = requests()
    for _ in range(40):
        bucket.journal.close(bucket.begin())
    assert requests() == few


def leave(bucket: Stage, *, ago: float = 500) -> Begin:
    """End an action that is heard and stays open: its lock may be left."""
    begin = bucket.begin(ago=ago + 100)
    bucket.end(begin, ago=ago, status="failed", reason="STATE_LOCKED")
    bucket.journal.mark_reported(begin)
    return begin


def test_the_lock_that_an_ended_action_left_is_freed(bucket: Stage) -> None:
    begin = leave(bucket)
    bucket.double.github_run("completed", conclusion="failure")
    put_lock(bucket, begin, ago=550)
    assert [each.done for each in bucket.sweep().locks] == ["freed"]
    assert not held(bucket, begin)
    assert bucket.open() == []


def test_an_ended_action_that_left_no_lock_is_taken_off_the_list(bucket: Stage) -> None:
    leave(bucket)
    swept = bucket.sweep()
    assert (swept.locks, swept.needs_person, bucket.open()) == ((), False, [])


def test_a_lock_that_was_taken_after_an_action_had_ended_is_let_alone(bucket: Stage) -> None:
    begin = leave(bucket)
    bucket.double.github_run("completed")
    put_lock(bucket, begin, ago=490)
    assert bucket.sweep().locks == ()
    assert held(bucket, begin)


@pytest.mark.parametrize("fresh", [False, True])
def test_the_lock_of_an_ended_action_waits_for_the_end_of_its_run(
    bucket: Stage, *, fresh: bool
) -> None:
    begin = leave(bucket, ago=100 if fresh else 500)
    bucket.double.github_run("completed" if fresh else "in_progress")
    put_lock(bucket, begin, ago=150 if fresh else 550)
    swept = bucket.sweep()
    assert (swept.locks, swept.needs_person) == ((), False)
    assert held(bucket, begin)
    assert bucket.open() == [begin.action]


def test_the_lock_of_an_ended_action_of_an_unknown_run_is_for_a_person(bucket: Stage) -> None:
    begin = leave(bucket)
    put_lock(bucket, begin, ago=550)
    swept = bucket.sweep()
    assert swept.needs_person
    assert held(bucket, begin)
    assert bucket.open() == [begin.action]

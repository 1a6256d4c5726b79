"""`purveyor state unlock` asks what the sweep asks, and keeps the reason of whoever forces it."""

from __future__ import annotations

import dataclasses
import subprocess  # noqa: TID251 - a process that is gone
import sys
import time
from typing import TYPE_CHECKING

from sweep_fixtures import lock_text
from test_sweep_command import run

from purveyor import json_text
from purveyor.entity import EntityRef
from purveyor.run_identity import RunIdentity, read_machine
from purveyor.states.entity import Named
from purveyor.sweep import judge_lock

if TYPE_CHECKING:
    from sweep_fixtures import Stage

    from purveyor.journal import Begin
    from purveyor.sweep import LockVerdict


def locked(bucket: Stage) -> tuple[Begin, tuple[str, ...]]:
    begin = bucket.begin()
    bucket.beat(begin, ago=510)
    key = f"services/{begin.entity}/orders-db.tfstate"
    bucket.records.put(f"{key}.tflock", lock_text(ago=500))
    return begin, ("state", "unlock", key, "--lock-id", "l-1")


def is_locked(bucket: Stage, begin: Begin) -> bool:
    path = f"services/{begin.entity}/orders-db.tfstate.tflock"
    return bucket.records.read(path) is not None


def test_a_lock_whose_run_is_over_needs_nobodys_word(bucket: Stage) -> None:
    begin, words = locked(bucket)
    bucket.double.github_run("completed", conclusion="cancelled")
    code, out, err = run(bucket, *words)
    assert code == 0, err
    assert "certainly over" in err
    assert "Freed lock l-1" in out
    assert not is_locked(bucket, begin)
    assert bucket.open() == [begin.action]


def test_a_lock_whose_run_is_unknown_needs_a_persons_word(bucket: Stage) -> None:
    begin, words = locked(bucket)
    code, _, err = run(bucket, *words)
    assert code == 2
    assert begin.identity.url in err
    assert is_locked(bucket, begin)


def test_a_lock_whose_run_lives_needs_a_persons_word(bucket: Stage) -> None:
    begin, words = locked(bucket)
    bucket.double.github_run("in_progress")
    code, _, err = run(bucket, *words)
    assert (code, is_locked(bucket, begin)) == (2, True)
    assert "at work" in err


def test_the_reason_of_a_forced_unlock_is_kept(bucket: Stage) -> None:
    begin, words = locked(bucket)
    assert run(bucket, *words, "--force", "--reason", "runner 7 was scrapped")[0] == 0
    assert not is_locked(bucket, begin)
    (path,) = bucket.records.paths(f"journal/entities/service/{begin.entity}/unlocks")
    note = json_text.parse(bucket.records.read(path) or "")
    assert isinstance(note, dict)
    assert (note["lock_id"], note["reason"]) == ("l-1", "runner 7 was scrapped")


def killed_here(bucket: Stage, *, alive: bool = False) -> Begin:
    """Let a run of this machine die a moment ago, in the middle of a change, with a lock."""
    here = read_machine()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    begin = bucket.begin(ago=20)
    pid = here.pid if alive else gone.pid
    identity = RunIdentity("terminal", host=here.host, boot=here.boot, pid=pid)
    mine = dataclasses.replace(begin, action=f"{begin.action}-here", identity=identity)
    begin = bucket.follow(mine)
    bucket.journal.markers.put(begin, at=time.time())
    key = f"services/{begin.entity}/orders-db.tfstate"
    bucket.records.put(f"{key}.tflock", lock_text(ago=10, who=f"ci@{here.host}"))
    return begin


def verdict_of(bucket: Stage, begin: Begin) -> LockVerdict:
    key = bucket.backend.locate(Named("service", begin.entity))
    lock = bucket.backend.access(key).holder()
    assert lock is not None
    return judge_lock(lock, entity=EntityRef("service", begin.entity), sweeper=bucket.sweeper())


def test_a_run_without_an_address_is_told_by_host_and_time_and_by_what_became_of_it(
    bucket: Stage,
) -> None:
    begin = killed_here(bucket)
    told = verdict_of(bucket, begin)
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(begin.at))
    assert told.dead
    assert f"({begin.identity.host}, begun {when}), which is certainly over." in told.words
    bucket.journal.markers.settle(
        bucket.journal.markers.find(EntityRef("service", begin.entity)), {"at": "n"}
    )
    assert verdict_of(bucket, begin).words.endswith("Somebody has settled what it left.")


def test_a_run_that_lives_is_told_as_the_locks_own(bucket: Stage) -> None:
    told = verdict_of(bucket, killed_here(bucket, alive=True))
    assert not told.dead
    assert "It is of attempt 1" in told.words
    assert "at work" in told.words
    assert "another's" not in told.words


def test_a_run_that_ended_before_is_told_with_its_ending(bucket: Stage) -> None:
    begin, _ = locked(bucket)
    bucket.end(begin, ago=900)
    told = verdict_of(bucket, begin)
    assert not told.dead
    assert "as DONE; it may be another's" in told.words


def test_settling_frees_the_lock_of_a_run_that_is_dead_for_certain(bucket: Stage) -> None:
    begin, _ = locked(bucket)
    bucket.journal.markers.put(begin, at=time.time() - 500)
    bucket.double.github_run("completed", conclusion="cancelled")
    code, out, err = run(
        bucket, "state", "settle", f"service/{begin.entity[:8]}", "--reason", "looked"
    )
    assert code == 0, err
    assert "which is certainly over" in err
    assert "can be changed again. The lock that its run left, l-1, is freed." in out
    assert not is_locked(bucket, begin)


def test_settling_names_the_lock_that_may_be_alive_and_the_line_that_frees_it(
    bucket: Stage,
) -> None:
    begin, words = locked(bucket)
    bucket.journal.markers.put(begin, at=time.time() - 500)
    code, out, _ = run(bucket, "state", "settle", "orders-db", "--reason", "looked")
    assert code == 0
    assert "still locked by ci@runner-7" in out
    assert f"purveyor {' '.join(words)}" in out
    assert "can be changed" not in out
    assert is_locked(bucket, begin)

"""`purveyor state unlock` asks what the sweep asks, and keeps the reason of whoever forces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweep_stage import lock_text
from test_sweep_command import run

from purveyor import json_text

if TYPE_CHECKING:
    from sweep_stage import Stage

    from purveyor.journal import Begin


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

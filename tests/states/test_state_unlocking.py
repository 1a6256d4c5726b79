"""A dead run's lock is freed by its id only, with a reason, and it is said what was done."""

from __future__ import annotations

import pytest
from state_fixtures import HOLDER, KEY, Stage, made_state

from purveyor import json_text

ID = HOLDER["ID"]
LOCK = f"{KEY}.tflock"


@pytest.fixture
def locked(bucket: Stage) -> Stage:
    """A state that a dead run has left locked."""
    bucket.put(KEY, made_state())
    bucket.put(LOCK, json_text.write(HOLDER))
    return bucket


def test_the_lock_with_the_right_id_is_freed(locked: Stage) -> None:
    words = ("unlock", "5a1f", "--lock-id", ID, "--force", "--reason", "runner 7 was scrapped")
    done = locked.run(*words)
    assert done.code == 0, done.stderr
    assert LOCK not in locked.paths()
    assert "ci@runner-7" in done.stderr
    assert "Freed lock" in done.stdout
    assert "runner 7 was scrapped" in done.stdout
    again = locked.run(*words, "--json").document
    assert (again["freed"], again["holder"]) == (False, None)


def test_another_id_frees_nothing(locked: Stage) -> None:
    done = locked.run("unlock", "5a1f", "--lock-id", "0000", "--force", "--reason", "x")
    assert done.code == 14
    assert "ci@runner-7" in done.stderr
    assert LOCK in locked.paths()


@pytest.mark.parametrize("words", [(), ("--force",)])
def test_nobody_to_ask_or_no_reason_frees_nothing(locked: Stage, words: tuple[str, ...]) -> None:
    assert locked.run("unlock", "5a1f", "--lock-id", ID, *words, stdin="y\n").code == 2
    assert LOCK in locked.paths()

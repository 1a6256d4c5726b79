"""The contract that every engine keeps: what a life is like, and what harm leaves behind."""

from __future__ import annotations

import os
import signal
import stat
from typing import TYPE_CHECKING

import pytest
from contract_fixtures import PASSWORD, TOKEN, interrupt, kill, look_at_processes

from purveyor.action import Operation
from purveyor.errors import CancelledError, EngineError
from purveyor.plan import count_changes

if TYPE_CHECKING:
    from contract_fixtures import EngineCase, Life

BOTH = {"first": "one", "second": "one"}
UPDATED = {"first": "two", "second": "two"}
NOTHING = "nothing had to change"


def test_a_create_makes_the_thing_and_says_so(life: Life) -> None:
    assert life.made["create"] == BOTH
    assert count_changes(life.results["create"].changes) != NOTHING
    assert life.results["create"].engine


def test_a_second_run_changes_nothing_and_says_so(life: Life) -> None:
    assert life.made["no-op"] == BOTH
    assert count_changes(life.results["no-op"].changes) == NOTHING


def test_an_update_changes_what_differs_and_says_so(life: Life) -> None:
    assert life.made["update"] == UPDATED
    assert count_changes(life.results["update"].changes) != NOTHING


def test_a_preview_tells_what_the_run_then_does_and_changes_nothing(life: Life) -> None:
    before = {"create": {}, "no-op": BOTH, "update": BOTH, "delete": UPDATED}
    for name, stood in before.items():
        told, done = life.results[f"foreseen {name}"], life.results[name]
        assert life.made[f"foreseen {name}"] == stood
        if life.case.foresees:
            assert told.unknown == ""
            assert {(c.address, c.verb) for c in told.changes} == {
                (c.address, c.verb) for c in done.changes
            }
        else:
            assert told.unknown
            assert told.changes == ()


def test_what_is_handed_on_says_which_of_it_is_a_secret(life: Life) -> None:
    if not life.case.hands_on:
        return
    for name in ("create", "no-op"):
        given = life.results[name].outputs
        assert (given["text"].value, given["text"].sensitive) == ("one", False)
        assert (given["token"].value, given["token"].sensitive) == (TOKEN, True)


def test_no_secret_is_in_what_is_said_nor_in_a_file_that_others_may_read(life: Life) -> None:
    assert PASSWORD not in "".join(life.said.values())
    assert TOKEN not in "".join(life.said.values())
    for folder in life.case.workspaces:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and b"c4nary" in path.read_bytes():
                assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_delete_takes_all_away_and_a_second_one_finds_nothing(life: Life) -> None:
    assert life.made["delete"] == {}
    assert life.made["second delete"] == {}
    assert count_changes(life.results["second delete"].changes) == NOTHING


def test_a_failure_in_the_middle_says_what_was_done_and_is_mended_by_the_next_run(
    case: EngineCase,
) -> None:
    with pytest.raises(EngineError) as failed:
        case.run(Operation.CREATE, mode="fail")
    told = case.said(failed.value)
    assert "first" in told
    assert "second" in told
    assert "c4nary" not in told
    assert case.made() == {"first": "one"}

    case.run(Operation.UPDATE)
    assert case.made() == BOTH


def test_one_wish_to_stop_ends_it_in_order_and_the_next_run_goes_on(case: EngineCase) -> None:
    seen: list[str] = []

    def look_and_interrupt(program: int) -> None:
        look_at_processes(seen)
        interrupt(program)

    stopped = case.run_until_halfway(Operation.CREATE, look_and_interrupt)
    assert isinstance(stopped, CancelledError)
    assert seen == []
    assert case.made() == {"first": "one"}

    case.run(Operation.UPDATE)
    assert case.made() == BOTH


def test_what_a_killed_program_leaves_is_known_and_the_next_run_goes_on(case: EngineCase) -> None:
    if not case.starts_programs:
        return
    failed = case.run_until_halfway(Operation.CREATE, kill)
    assert failed is not None
    assert "first" in case.said(failed)
    left = case.open().leftovers(case.workspaces[-1])
    assert left.torn == ()

    case.mend(failed)
    case.run(Operation.CREATE)
    assert case.made() == BOTH
    case.run(Operation.DELETE)
    assert case.made() == {}


def test_a_run_that_is_to_stop_before_it_begins_makes_nothing(case: EngineCase) -> None:
    with case.interruption.caught():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(CancelledError):
            case.run(Operation.CREATE)
    assert case.made() == {}

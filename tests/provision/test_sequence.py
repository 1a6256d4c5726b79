"""The sequence of one action without an engine: what is told, kept, and left undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sequence_fixtures import FailingStore, House

from purveyor.action import Operation
from purveyor.errors import CatalogError, ReasonCode

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN = CatalogError("No module.", hint="Add it.", reason=ReasonCode.MODULE_NOT_FOUND)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_an_action_is_begun_and_told_once_and_then_closed(house: House) -> None:
    ending = house.run()
    assert (ending.delivered, ending.outcome.exit_code, ending.notes) == (True, 0, ())
    assert [each.reason for each in house.platform.told] == [ReasonCode.DONE]
    assert house.platform.begun == 1
    assert ending.outcome.run_url == "https://ci/100"
    assert house.open() == []


@pytest.mark.parametrize("status", ["success", "failed", "denied", "pending_create"])
def test_what_has_ended_or_is_not_approved_leaves_no_trace(house: House, status: str) -> None:
    house.platform.status = status
    assert house.run().outcome.exit_code == 0
    assert (house.platform.told, house.store.texts) == ([], {})


def test_the_same_action_is_told_again_and_not_begun_again(house: House) -> None:
    house.run()
    again = house.run()
    assert again.notes == ("It was carried out before.",)
    assert [each.reason for each in house.platform.told] == [ReasonCode.DONE] * 2
    assert house.platform.begun == 1


def test_a_catalog_that_refuses_is_told_and_nothing_is_claimed(house: House) -> None:
    house.refusal = CatalogError("It is wrong.", hint="Mend it.")
    ending = house.run()
    assert (ending.outcome.exit_code, ending.delivered) == (11, True)
    assert (house.store.texts, house.platform.begun) == ({}, 0)


def test_what_nobody_expected_is_told_and_raised(house: House) -> None:
    house.refusal = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        house.run()
    assert [each.reason for each in house.platform.told] == [ReasonCode.INTERNAL]


def test_an_ending_that_is_not_heard_leaves_the_action_open(house: House) -> None:
    house.platform.hears = False
    assert not house.run().delivered
    assert house.open() == ["a-1"]


def test_an_end_that_the_journal_does_not_take_is_told_all_the_same(tmp_path: Path) -> None:
    house = House(tmp_path, FailingStore())
    ending = house.run()
    assert (ending.delivered, ending.outcome.exit_code) == (True, 0)
    assert ending.notes == ("The store is away. The action's end is not in the journal.",)


@pytest.mark.parametrize("timed_out", [False, True])
def test_a_wish_to_stop_before_anything_began_changes_nothing(
    house: House, *, timed_out: bool
) -> None:
    house.interruption.signal = 15
    house.interruption.timed_out = timed_out
    ending = house.run()
    wanted = ReasonCode.TIMED_OUT if timed_out else ReasonCode.CANCELLED
    assert (ending.outcome.reason, house.platform.begun) == (wanted, 0)


def test_a_create_that_the_catalog_does_not_know_proves_that_nothing_was_made(house: House) -> None:
    house.refusal = UNKNOWN
    assert house.run(Operation.CREATE).outcome.reason is ReasonCode.MODULE_NOT_FOUND
    ending = house.run(Operation.DELETE, action="a-2")
    assert (ending.outcome.exit_code, ending.outcome.reason) == (0, ReasonCode.NOTHING_TO_DO)
    assert "nothing was ever created" in ending.outcome.message


@pytest.mark.parametrize("operation", [Operation.UPDATE, Operation.DELETE])
def test_without_a_state_nobody_knows_what_exists(house: House, operation: Operation) -> None:
    ending = house.run(operation)
    assert (ending.outcome.exit_code, ending.outcome.reason) == (19, ReasonCode.STATE_MISSING)

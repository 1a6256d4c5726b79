"""A further step's state lies beside the first one's, and is never taken for it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from purveyor.errors import RecoveryError
from purveyor.state_key import KEYS, step_path


@dataclass(frozen=True)
class Service:
    kind: str = "service"
    id: str = "5a1f"
    slug: str = "renamed"


FIRST = "services/5a1f/orders.tfstate"


def test_a_further_steps_state_is_no_second_one() -> None:
    beside = step_path(FIRST, "report")
    assert beside == "services/5a1f/orders.report.tfstate"
    found = KEYS.choose(Service(), states=[beside, FIRST], traces=[beside])
    assert (found.path, found.exists) == (FIRST, True)


def test_two_states_without_a_step_are_still_refused() -> None:
    states = [FIRST, "services/5a1f/renamed.tfstate", step_path(FIRST, "report")]
    with pytest.raises(RecoveryError):
        KEYS.choose(Service(), states=states)

"""A step whose state lies elsewhere, or is watched."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from purveyor.step import StateSlot, Step


def with_slot(step: Step, **changes: object) -> Step:
    """Return the step with another state's place, lock's limit, marker or access."""
    assert step.state is not None
    slot: StateSlot = dataclasses.replace(step.state, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(step, state=slot)

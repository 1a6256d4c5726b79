"""How an action ended: status, reason code, results and what changed."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.errors import ReasonCode
    from purveyor.json_text import JsonValue
    from purveyor.plan import Change


class Status(StrEnum):
    """The platform's words for an ending; `parked` is none: the action waits for an approval."""

    SUCCESS = "success"
    FAILED = "failed"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one ending of one action.

    `message` is one sentence, `next_step` what to do (failures only), `details` further lines;
    `told` is what the developer reads instead of a failure's message, where that is known.
    `results` are public values, `secrets` values that go nowhere but into attributes that the
    catalog marks `secret`. `private` names the results that may be credentials: they are for the
    platform alone, everywhere else only their names are shown. `shown_before` names attributes that
    earlier results set: without a value now they are taken back. `seconds` is the run's length.
    """

    status: Status
    reason: ReasonCode
    exit_code: int
    message: str
    next_step: str = ""
    details: tuple[str, ...] = ()
    told: str = ""
    results: Mapping[str, JsonValue] = field(default_factory=dict)
    secrets: Mapping[str, JsonValue] = field(default_factory=dict)
    private: frozenset[str] = frozenset()
    shown_before: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    state_key: str = ""
    run_url: str = ""
    seconds: float = 0.0


def fail(error: PurveyorError) -> Outcome:
    """Return the outcome of an action that ended in an error a user can meet."""
    return Outcome(
        status=Status.FAILED,
        reason=error.reason,
        exit_code=error.exit_code,
        message=error.message,
        next_step=error.hint,
        details=error.details,
        told=error.told,
    )


def break_down() -> Outcome:
    """Return the outcome of an action that met a fault of our own."""
    return fail(
        PurveyorError(
            "Purveyor met a fault of its own and stopped.",
            hint="The run's log has a traceback: please report it, then run the action again.",
        )
    )

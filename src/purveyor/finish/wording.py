"""The endings that only `finish` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import CancelledError, EngineError, ReasonCode, RecoveryError
from purveyor.outcome import Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

_AGAIN = "Start the action again: it goes on from the state that is saved."


def lost(notes: Sequence[str], *, safe: bool, cancelled: bool) -> Outcome:
    """Return the ending of an action whose run is gone; `safe` unless a state is unsaved."""
    if not safe:
        return Outcome(
            status=Status.FAILED,
            reason=ReasonCode.NEEDS_RECOVERY,
            exit_code=RecoveryError.exit_code,
            message="The run was ended before it could save its state, and it cannot be saved now;"
            " it is kept.",
            next_step="Mend what keeps the state from being written, then start the action again:"
            " it saves that state first.",
            details=tuple(notes),
        )
    if cancelled:
        return Outcome(
            status=Status.FAILED,
            reason=ReasonCode.CANCELLED,
            exit_code=CancelledError.exit_code,
            message="The run was cancelled, and ended before it could tell how far it came.",
            next_step=_AGAIN,
            details=tuple(notes),
        )
    return Outcome(
        status=Status.FAILED,
        reason=ReasonCode.RUNNER_LOST,
        exit_code=EngineError.exit_code,
        message="The process that carried the action out is gone; how far it came is not known.",
        next_step=_AGAIN,
        details=tuple(notes),
    )


def in_doubt(notes: Sequence[str], *, entity: str) -> Outcome:
    """Return the ending of a change whose engine was killed; `entity` is such as `service/5a1f`."""
    return Outcome(
        status=Status.FAILED,
        reason=ReasonCode.NEEDS_RECOVERY,
        exit_code=RecoveryError.exit_code,
        message="The run and its engine were killed in the middle of a change: what exists may not"
        " be in the state.",
        next_step="Ask the platform team to compare what exists with the state, and then to run"
        f" `purveyor state settle {entity} --reason TEXT`.",
        details=tuple(notes),
    )


def still_working() -> Outcome:
    """Return the ending for an engine that works on while nobody may wait any longer."""
    return Outcome(
        status=Status.FAILED,
        reason=ReasonCode.NEEDS_RECOVERY,
        exit_code=RecoveryError.exit_code,
        message="The run is gone, and its engine was still at work when the pipeline's time ended.",
        next_step="Look at the state, compare it with what exists, and then run `purveyor state"
        " settle` before the action is started again.",
    )


def not_started(*, cancelled: bool) -> Outcome:
    return Outcome(
        status=Status.FAILED,
        reason=ReasonCode.CANCELLED if cancelled else ReasonCode.RUN_NOT_STARTED,
        exit_code=EngineError.exit_code,
        message="The pipeline ended before the action was begun: nothing was changed.",
        next_step="Read the pipeline's log, mend what it tells, then start the action again.",
    )

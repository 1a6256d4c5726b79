"""The endings that only `finish` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import CancelledError, EngineError, ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.errors import PurveyorError

_AGAIN = "Start the action again: it goes on from the state that is saved."


def lost(notes: Sequence[str], *, safe: bool, cancelled: bool) -> PurveyorError:
    """Say that an action's run is gone; `safe` unless a state is unsaved."""
    if not safe:
        return RecoveryError(
            "The run was ended before it could save its state, and it cannot be saved now; it is"
            " kept.",
            hint="Mend what keeps the state from being written, then start the action again: it"
            " saves that state first.",
            details=notes,
        )
    if cancelled:
        return CancelledError(
            "The run was cancelled, and ended before it could tell how far it came.",
            hint=_AGAIN,
            details=notes,
        )
    return EngineError(
        "The process that carried the action out is gone; how far it came is not known.",
        reason=ReasonCode.RUNNER_LOST,
        hint=_AGAIN,
        details=notes,
    )


def in_doubt(notes: Sequence[str], *, entity: str) -> PurveyorError:
    """Say that an engine was killed amid a change; `entity` is such as `service/5a1f`."""
    return RecoveryError(
        "The run and its engine were killed in the middle of a change: what exists may not be in"
        " the state.",
        hint="Ask the platform team to compare what exists with the state, and then to run"
        f" `purveyor state settle {entity} --reason TEXT`.",
        details=notes,
    )


def still_working() -> PurveyorError:
    """Say that an engine works on while nobody may wait any longer."""
    return RecoveryError(
        "The run is gone, and its engine was still at work when the pipeline's time ended.",
        hint="Look at the state, compare it with what exists, and then run `purveyor state settle`"
        " before the action is started again.",
    )


def not_started(*, cancelled: bool) -> PurveyorError:
    return EngineError(
        "The pipeline ended before the action was begun: nothing was changed.",
        reason=ReasonCode.CANCELLED if cancelled else ReasonCode.RUN_NOT_STARTED,
        hint="Read the pipeline's log, mend what it tells, then start the action again.",
    )

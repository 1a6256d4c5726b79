"""Delete: destroy, and believe it only when the state is seen to be empty."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from purveyor.engines.terraform import commands
from purveyor.engines.terraform.failure_handling import build_error, conclude
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.step import StepResult

if TYPE_CHECKING:
    from purveyor.engines.terraform.events import Report
    from purveyor.engines.terraform.session import EngineSession
    from purveyor.plan import Change

_PLANNED = frozenset({0, commands.CHANGED})


def destroy(session: EngineSession) -> StepResult:
    """Destroy everything in the state; raise RecoveryError when something is left in it."""
    session.start("destroy")
    ran = session.change_locked(*commands.destroy())
    begun = ran.report.open or ran.report.failed or ran.report.completed
    if ran.code > 0 and not begun and _may_lack_values(session):
        session.changing.withdraw()
        ran = session.change_locked(*commands.destroy(refresh=False))
    changes, notes = conclude(session, ran, "destroy", _read_deletes(ran.report))
    left = _count_left(session)
    if left:
        raise RecoveryError(
            f"The destroy ended well, but {left} resources are left in the state.",
            reason=ReasonCode.STATE_NOT_EMPTY,
            hint="Ask the platform team to look at what is left, and start the action again.",
        )
    return StepResult(changes, {}, (*notes, *ran.report.unread.values()))


def preview_destroy(session: EngineSession) -> StepResult:
    session.start("plan")
    file = session.scratch / "plan"
    planned = session.call_locked(*commands.plan(file, destroys=True))
    if planned.code not in _PLANNED and _may_lack_values(session):
        planned = session.call_locked(*commands.plan(file, destroys=True, refresh=False))
    if planned.code not in _PLANNED:
        raise build_error(session, planned, "plan")
    return StepResult(tuple(_read_deletes(planned.report)), {}, planned.report.notes)


def _may_lack_values(session: EngineSession) -> bool:
    """Tell whether a failure may come from values that nobody knows: without a refresh none do."""
    return bool(session.step.filled) and not session.step.interruption.requested


def _read_deletes(report: Report) -> list[Change]:
    """Return what a destroy's plan tells; what comes twice at an address is a leftover."""
    first = {each.address: each for each in reversed(report.changes)}
    return [replace(c, deposed=c is not first[c.address]) for c in report.changes]


def _count_left(session: EngineSession) -> int:
    state = session.slot.access.read()
    if state is None:
        raise RecoveryError(
            "The destroy ended well, but there is no state any more to prove it.",
            reason=ReasonCode.STATE_MISSING,
            hint="Ask the platform team to check in the cloud that everything is gone.",
        )
    if not state.encrypted:
        return state.resources
    ran = session.program.call(*commands.state_list(), streamed=False)
    if ran.code:
        raise build_error(session, ran, "check of the state")
    return ran.completed.stdout.count("\n")

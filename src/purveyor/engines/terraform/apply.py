"""Create and update: plan, let the guard judge, apply that very plan."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.engines.terraform import commands
from purveyor.engines.terraform.failure_handling import build_error, conclude
from purveyor.engines.terraform.init import check_stamp
from purveyor.engines.terraform.plans.resource_types import STATEFUL, STATEFUL_VERSION
from purveyor.engines.terraform.plans.shown_plan import add_details, read_plan, read_planned_outputs
from purveyor.engines.terraform.results import collect_outputs, parse_document
from purveyor.plan import StatefulTypes, find_denied, judge, tell_change
from purveyor.step import Noticed, StepResult

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.terraform.events import Report
    from purveyor.engines.terraform.program import CallResult
    from purveyor.engines.terraform.session import EngineSession
    from purveyor.json_text import JsonValue
    from purveyor.plan import Change

_PLANS = 3
_STATEFUL = StatefulTypes(STATEFUL_VERSION, STATEFUL)
_PART = re.compile(r'([^.\[\]"]+)(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?(?:\.|$)')
_STALE = frozenset({"Saved plan is stale", "Saved plan does not match the given state"})


def apply(session: EngineSession) -> StepResult:
    """Bring everything to what the module says; raise GuardError before a refused change."""
    step, file, planned = session.step, session.scratch / "plan", None
    # A create destroys nothing: unless something is guarded, one call does both.
    guarded = step.guard.protect or step.guard.limits or step.guard.refuse
    plans_left = _PLANS if step.operation is not Operation.CREATE or guarded else 0
    while True:
        if plans_left:
            planned = _plan(session, file)
            if planned.code == 0:
                return StepResult((), collect_outputs(session, None), planned.report.notes)
        session.start("apply")
        applied = session.change_locked(*commands.apply(file if planned else None))
        plans_left -= 1
        if plans_left <= 0 or not _is_stale(applied):
            return _finish(session, applied, (planned or applied).report)
        session.changing.withdraw()
        check_stamp(session, initialised=True)


def preview(session: EngineSession) -> StepResult:
    """Plan; raise GuardError before a refused change."""
    file, told = session.scratch / "plan", None
    planned = _plan(session, file)
    changes = planned.report.changes
    if planned.code:
        document = _show(session, file)
        told = read_planned_outputs(document)
        changes = [*add_details(changes, read_plan(document)[0], session.program.redactor)]
    return StepResult(tuple(changes), collect_outputs(session, told), planned.report.notes)


def _plan(session: EngineSession, file: Path) -> CallResult:
    """Plan, and let the guard judge; exit code 0 means that there is nothing to do."""
    session.start("plan")
    planned = session.call_locked(*commands.plan(file))
    if planned.code not in {0, commands.CHANGED}:
        raise build_error(session, planned, "plan")
    if planned.code:
        _judge(session, planned.report, file)
    return planned


def _finish(session: EngineSession, applied: CallResult, planned: Report) -> StepResult:
    # What is imported or moved is told by the plan alone, not when that plan is applied (measured).
    changes, notes = conclude(session, applied, "apply", planned.changes)
    outputs = collect_outputs(session, applied.report.outputs)
    told = dict.fromkeys((*planned.unread.values(), *applied.report.notes))
    return StepResult(changes, outputs, (*notes, *told))


def _is_stale(applied: CallResult) -> bool:
    return bool(applied.code) and any(e.summary in _STALE for e in applied.report.errors)


def _judge(session: EngineSession, planned: Report, file: Path) -> None:
    guard = session.step.guard
    # The stream does not surely tell a leftover from the resource itself.
    whole = [dataclasses.replace(each, deposed=False) for each in planned.changes]
    doubtful = (guard.protect and planned.unread) or guard.refuse - {"import"}
    shows = session.step.shows and session.step.operation is Operation.UPDATE
    if doubtful or shows or find_denied(guard, whole, covers, _STATEFUL):
        # Only now is the price of another call paid: the stream does not tell what forces it.
        changes, unread = read_plan(_show(session, file))
        unread = [*planned.unread.values(), *unread]
        judge(guard, changes, covers, unread=unread, stateful=_STATEFUL)
        if shows:
            detailed = add_details(planned.changes, changes, session.program.redactor)
            lines = [line for each in detailed for line in tell_change(each)]
            session.program.listen(Noticed("progress", "\n".join(lines)))


def _show(session: EngineSession, file: Path) -> JsonValue:
    shown = session.program.call(*commands.show(file), streamed=False)
    return parse_document(shown.completed.stdout)


def covers(pattern: str, change: Change) -> bool:
    """Tell whether a pattern means a change's resource.

    `aws_db_instance` is a type, wherever it stands; `aws_db_instance.main` and
    `module.data.aws_db_instance.main` are addresses from the root, with or without an index;
    `module.data` is all that is in that module.
    """
    if "." not in pattern:
        return pattern == change.resource_type
    wanted, parts = _PART.findall(pattern), _PART.findall(change.address)
    return len(wanted) <= len(parts) and all(
        name == part_name and index in {"", part_index}
        for (name, index), (part_name, part_index) in zip(wanted, parts, strict=False)
    )

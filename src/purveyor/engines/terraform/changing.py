"""Create and update: plan, let the guard judge, apply that very plan."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.engines.terraform import commands
from purveyor.engines.terraform.endings import build_error, settle
from purveyor.engines.terraform.preparing import check_stamp
from purveyor.engines.terraform.results import collect_outputs, parse_document
from purveyor.plan import Change, find_denied, judge
from purveyor.step import StepResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from purveyor.engines.terraform.program import Ran
    from purveyor.engines.terraform.session import Session
    from purveyor.json_text import JsonValue

_PLANS = 3
_CHANGED = 2
_STALE = frozenset({"Saved plan is stale", "Saved plan does not match the given state"})


def change(session: Session) -> StepResult:
    """Bring everything to what the module says; raise GuardError before a refused change."""
    step = session.step
    if step.operation is Operation.CREATE and not step.guard.protect:
        session.start("apply")
        return _finish(session, session.change_locked(*commands.apply()))
    return _change_planned(session)


def _change_planned(session: Session, *, plans_left: int = _PLANS) -> StepResult:
    file = session.scratch / "plan"
    session.start("plan")
    planned = session.call_locked(*commands.plan(file))
    if planned.code == 0:
        return StepResult((), collect_outputs(session, None))
    if planned.code != _CHANGED:
        raise build_error(session, planned, "plan")
    _judge(session, planned.report.changes, file)
    session.start("apply")
    applied = session.change_locked(*commands.apply(file))
    if plans_left > 1 and _is_stale(applied):
        session.changing.withdraw()
        check_stamp(session, initialised=True)
        return _change_planned(session, plans_left=plans_left - 1)
    return _finish(session, applied)


def _finish(session: Session, applied: Ran) -> StepResult:
    notes = settle(session, applied, "apply")
    outputs = collect_outputs(session, applied.report.outputs)
    return StepResult(tuple(applied.report.changes), outputs, notes)


def _is_stale(applied: Ran) -> bool:
    return bool(applied.code) and any(e.summary in _STALE for e in applied.report.errors)


def _judge(session: Session, changes: Sequence[Change], file: Path) -> None:
    guard = session.step.guard
    if find_denied(guard, changes):
        # Only now is the price of another call paid: the stream does not tell what forces it.
        shown = session.program.call(*commands.show(file), streamed=False)
        causes = read_causes(parse_document(shown.completed.stdout))
        judge(
            guard,
            [dataclasses.replace(c, forced_by=causes.get(c.address, ())) for c in changes],
        )


def read_causes(plan: JsonValue) -> dict[str, tuple[str, ...]]:
    """Read from a shown plan which attributes force each address's replacement."""
    resources = plan.get("resource_changes") if isinstance(plan, dict) else None
    causes = {}
    for resource in resources if isinstance(resources, list) else []:
        if isinstance(resource, dict) and isinstance(made := resource.get("change"), dict):
            paths = made.get("replace_paths")
            causes[str(resource.get("address"))] = tuple(
                _spell(path) for path in (paths if isinstance(paths, list) else [])
            )
    return causes


def _spell(path: JsonValue) -> str:
    steps = path if isinstance(path, list) else [path]
    return "".join(f".{s}" if isinstance(s, str) else f"[{s}]" for s in steps).lstrip(".")

"""What an action would change: a run's checks, then each step's preview; nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import Operation
from purveyor.attempt import MarkedChange
from purveyor.dataclass import dataclass
from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.plan import count_changes, tell_change
from purveyor.provision.checks import check_steps, refuse_linked
from purveyor.provision.computed import STEPS, Computation
from purveyor.provision.steps import enter, naming_faults, plan_step, recall_once
from purveyor.step import Noticed, StepResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.provision.step_plan import ClaimedAction, StepPlan, StepRun
    from purveyor.reporter import Reporter


@dataclass(frozen=True, slots=True)
class StepPreview:
    step: str  # its name; empty for the only one
    result: StepResult


@dataclass(frozen=True, slots=True)
class Preview:
    outcome: Outcome
    steps: tuple[StepPreview, ...] = ()


def preview_action(
    action: ClaimedAction, reporter: Reporter, workspace: Path
) -> Iterator[StepPreview]:
    if action.context.operation.by_program:
        for each in action.recipe.steps:
            unknown = "what an action's program does is known to itself alone"
            yield StepPreview(each.name, StepResult((), {}, unknown=unknown))
        return
    refuse_linked(action, reporter)
    change = MarkedChange(action.attempt, action.record)
    found = check_steps(action, change, workspace)
    if isinstance(found, Outcome):
        action.tools.listen(Noticed("info", found.message))
        return
    if not action.recipe.stateless and (rival := change.rival()) is not None:
        told = f"Another run changes it right now: {rival.who}."
        action.tools.listen(Noticed("warning", told))
    yield from _preview_steps(found)


def _preview_steps(run: StepRun) -> Iterator[StepPreview]:
    deletes = run.action.context.operation is Operation.DELETE
    waiting: list[str] = []  # steps whose outputs are known only once they have run
    for each in run.plans[::-1] if deletes else run.plans:
        if not each.is_due(run.action.context.operation) or recall_once(each, run):
            continue
        if missing := next((name for name in waiting if _needs(each, name, run)), ""):
            done = StepResult(
                (), {}, unknown=f"it needs what the step {missing} gives, which has not run"
            )
        else:
            with naming_faults(each, run):
                plan, listen = enter(each, run, previews=True)
                done = plan.engine.preview(plan_step(plan, run, previews=True), listen)
        yield StepPreview(each.name, done)
        if not deletes:
            run.outputs[each.name] = done.outputs
            lacks = each.recipe.program or each.interface.outputs.keys() - done.outputs.keys()
            if done.unknown or (done.changes and lacks):
                waiting.append(each.name)


def _needs(plan: StepPlan, step: str, run: StepRun) -> bool:
    """Tell whether it reads what an earlier step gives: a program may read all of it."""
    if plan.recipe.program is not None or STEPS in plan.interface.variables:
        return True
    computation = Computation(plan.recipe.compute, run.action.recipe.account)
    return computation.needs(step, run.outputs[step])


def conclude(context: ActionContext, steps: Sequence[StepPreview]) -> Preview:
    changes = tuple(change for each in steps for change in each.result.changes)
    unknown = sum(bool(each.result.unknown) for each in steps)
    words = [count_changes(changes)] if changes or not unknown else []
    words += [f"{unknown} of {len(steps)} steps unknown"] if unknown else []
    entity = context.entity
    reason = ReasonCode.DONE if changes or unknown else ReasonCode.NOTHING_TO_DO
    message = (
        f"Plan of the {context.operation} of {entity.kind} {entity.slug or entity.id}"
        f" ({entity.specification.slug}): {', '.join(words)}. Nothing was changed."
    )
    told = tuple(note for each in steps for note in each.result.notes)
    outcome = Outcome(Status.SUCCESS, reason, 0, message, details=told, changes=changes)
    return Preview(outcome, tuple(steps))


def list_changes(plan: Preview) -> Iterator[str]:
    """Yield a line for each step and each of its changes."""
    for each in plan.steps:
        done = each.result
        yield " ".join(filter(None, [each.step, done.engine, done.engine_version])) or "step"
        for change in done.changes:
            yield from (f"  {line}" for line in tell_change(change))
        if done.unknown:
            yield f"    ? unknown  {done.unknown}"
        elif not done.changes:
            yield "      nothing would change"


def write_document(plan: Preview) -> str:
    """Return it as JSON; a key's meaning changes with `version` alone."""
    outcome = plan.outcome
    steps: list[JsonValue] = [
        {
            "step": each.step,
            "engine": each.result.engine,
            "engine_version": each.result.engine_version,
            "unknown": each.result.unknown or None,
            "changes": [
                {
                    "address": c.address,
                    "type": c.resource_type,
                    "verb": c.verb.value,
                    "forced_by": list(c.forced_by),
                    "attributes": [
                        {"path": a.path, "before": a.before, "after": a.after} for a in c.attributes
                    ],
                }
                for c in each.result.changes
            ],
        }
        for each in plan.steps
    ]
    document: JsonObject = {
        "version": 1,
        "status": outcome.status.value,
        "reason": outcome.reason.value,
        "message": outcome.message,
        "next_step": outcome.next_step,
        "details": list(outcome.details),
        "steps": steps,
    }
    return json_text.write(document, indent=2)

"""Steps that a person has to allow: whether an action may wait, and whether it has to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from purveyor.attempt import MarkedChange
    from purveyor.catalog import StepRecipe
    from purveyor.outcome import Outcome
    from purveyor.provision.step_plan import ClaimedAction, StepRun


def check_approvals(action: ClaimedAction, change: MarkedChange) -> None:
    """Refuse an action where its step cannot wait, or where another action's waits."""
    gates = [step.approve for step in action.recipe.steps if step.approve]
    due = any(action.context.operation in each for each in gates)
    if due and action.attempt.journal is None and not action.attempt.run.approver:
        raise CatalogError(
            "A step waits for an approval, and there is no journal to keep that in: nothing was"
            " changed.",
            hint="Name a store under `journal` in the catalog. A run with --no-report keeps none:"
            " give it --approved, too.",
        )
    if gates:
        change.rival()


def must_wait(step: StepRecipe, action: ClaimedAction) -> bool:
    """Tell whether a person has to allow a step; one that is asked to stop fails instead."""
    if action.context.operation not in step.approve or action.tools.interruption.requested:
        return False
    # Without a journal nothing can wait: only an approver's run came here.
    return action.attempt.journal is not None and step.name not in action.attempt.begin.approved


def park(step: StepRecipe, run: StepRun) -> Outcome:
    run.change.park(step.name)
    return run.action.attempt.park(step.name, step.approve_within)

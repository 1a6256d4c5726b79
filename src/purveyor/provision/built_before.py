"""Refuses an action on an entity that was built in another way than the catalog has now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.errors import CatalogError, ReasonCode, RecoveryError
from purveyor.program import KEEPERS

if TYPE_CHECKING:
    from purveyor.catalog.recipe import StepRecipe
    from purveyor.provision.step_plan import ClaimedAction
    from purveyor.state_key import StateKey


def refuse_other_kind(action: ClaimedAction, key: StateKey) -> None:
    """Raise CatalogError when the entity has a state and its entry no module, or the reverse."""
    recipe, record = action.recipe, action.record
    stateful = bool(recipe.steps) and not recipe.stateless
    if stateful and (key.exists or action.context.operation is Operation.CREATE):
        return
    capsule = record.recall_living()
    if recipe.stateless and (key.exists or (capsule and capsule.module)):
        what, other = "with a module, whose state is kept", "no module"
    elif stateful and capsule and not capsule.module:
        what, other = "without a module, so that there is no state", "a module"
    else:
        return
    raise CatalogError(
        f"The {action.context.kind} was built {what}, and the catalog's entry has {other} now: what"
        " it made would be left behind. Nothing was changed.",
        hint="Put the entry back as it was; a delete clears the way for a new kind of entry.",
    )


def refuse_lost_steps(action: ClaimedAction) -> None:
    """Raise CatalogError when the entity was built with a step that the catalog has no more."""
    if action.context.operation is Operation.CREATE or action.record.store is None:
        return
    capsule = action.record.recall_living()
    if capsule is None:
        return
    main = next((step for step in action.recipe.steps if step.is_main), None)
    present = {step.suffix for step in action.recipe.steps}
    named = capsule.steps if capsule.module else (capsule, *capsule.steps)
    gone = [each for each in named if each.step not in present]
    lost = [each.step for each in gone if each.state_key or each.engine in KEEPERS]
    if main and main.name and capsule.step and main.name != capsule.step:
        lost.append(capsule.step)
    if lost:
        raise CatalogError(
            f"The {action.context.kind} was built with the step {', '.join(lost)}, which the"
            " catalog has no more: what it made would be left behind. Nothing was changed.",
            hint="Put the step back into the catalog's entry, in its place.",
        )


def refuse_missing(step: StepRecipe, key: StateKey, action: ClaimedAction, *, stands: bool) -> None:
    """Raise RecoveryError when a later step's state is gone, and with it what it made."""
    operation, record = action.context.operation, action.record
    if stands or operation is Operation.CREATE:
        return
    capsule = record.recall_living(step.suffix)
    unknown = record.store is None and operation is Operation.DELETE
    if unknown or (capsule is not None and capsule.state_key):
        raise RecoveryError(
            f"There is no state of the step {step.name}, so that what it made is unknown; nothing"
            " was changed.",
            reason=ReasonCode.STATE_MISSING,
            details=(f"looked for {key.path}",),
            hint="Ask the platform team to restore the state from an earlier version.",
        )

"""What is checked before anything changes: links, where states lie, the modules of all steps."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.attempt import CheckedState, MarkedChange
from purveyor.credentials import narrow
from purveyor.declaration import Primitive, Variable
from purveyor.errors import (
    CancelledError,
    CatalogError,
    GuardError,
    ParameterError,
    ReasonCode,
    RecoveryError,
)
from purveyor.provision import custom
from purveyor.provision.computed import STEPS
from purveyor.provision.endings import succeed_absent
from purveyor.provision.recorded_recipe import draft_capsule, fetch_module
from purveyor.provision.step_plan import StepPlan, StepRun
from purveyor.provision.step_variables import resolve_all, show
from purveyor.provision.steps import carry_out
from purveyor.state_key import StateKey, refuse_moved, step_path
from purveyor.step import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from purveyor.catalog.recipe import StepRecipe
    from purveyor.declaration import ModuleInterface
    from purveyor.outcome import Outcome
    from purveyor.provision.step_plan import ClaimedAction
    from purveyor.reporter import Reporter

_MOST_NAMED = 20
# A link in these is not there, unless the journal has seen it built.
_DOUBTFUL = frozenset({"failed", "pending", "pending_create", "cancelled"})
_ANY = Primitive("any")


def check(action: ClaimedAction, reporter: Reporter, workspace: Path) -> Callable[[], Outcome]:
    """Check everything that can be checked; return what changes things."""
    if not action.context.operation.by_program:
        _refuse_linked(action, reporter)
        change = _check_steps(action, workspace)
    else:
        change = custom.prepare(action, workspace)
    if action.tools.interruption.requested:
        raise CancelledError(
            "The run was cancelled before anything was changed.",
            hint="Start the action again when you want it.",
        )
    return change


def _check_steps(action: ClaimedAction, workspace: Path) -> Callable[[], Outcome]:
    key, absence = _find_state(action)
    if absence:
        return partial(succeed_absent, action.context, absence, state_key=key.path)
    return partial(carry_out, _prepare(action, key, workspace))


def _refuse_linked(action: ClaimedAction, reporter: Reporter) -> None:
    """Raise GuardError LINKS_REMAIN when a service that is to be deleted has live links.

    The platform is asked; where it cannot be, the journal's notes of built links decide. A link
    that the platform calls failed or pending counts when the journal has seen it built.
    """
    context, store = action.context, action.record.store
    if context.kind is not Kind.SERVICE or context.operation is not Operation.DELETE:
        return
    shown = reporter.read_links(context)
    doubtful = shown is None or any(each.status in _DOUBTFUL for each in shown)
    built = store.built_links(context.service.id) if store and doubtful else ()
    if shown is None:
        remaining = [f"link {each}, by the journal" for each in built]
    else:
        remaining = [
            f"link {each.slug or each.id} ({each.id}), {each.status}"
            for each in shown
            if each.status not in _DOUBTFUL or each.id in built
        ]
    if not remaining:
        return
    count = "1 link" if len(remaining) == 1 else f"{len(remaining)} links"
    raise GuardError(
        f"The service {context.service.slug or context.service.id} still has {count}: nothing was"
        " deleted.",
        reason=ReasonCode.LINKS_REMAIN,
        details=remaining[:_MOST_NAMED],
        hint="Delete the links first, then the service.",
    )


def _find_state(action: ClaimedAction) -> tuple[StateKey, str]:
    """Return where the entity's state lies, and why there is nothing to delete, where it is proven.

    Raise RecoveryError STATE_MISSING, or why the catalog is no help.
    """
    context, record, attempt = action.context, action.record, action.attempt
    backend, key, absence = action.places.backend, action.key, ""
    if key is None or attempt.begin.attempt > 1:  # an earlier one may have built it meanwhile
        key = backend.locate(context.entity)
    attempt.state_key = key.path if key.exists else ""
    refuse_moved(key, backend, context.entity)
    record.found = key.exists
    if not key.exists and context.operation is not Operation.CREATE:
        absence = _explain_absence(action, key)
    if not absence and record.refusal is not None and record.capsule is None:
        raise record.refusal
    return key, absence


def _explain_absence(action: ClaimedAction, key: StateKey) -> str:
    context, record = action.context, action.record
    if action.open_recovery("").waiting():
        return ""
    if reason := record.explain_absence():
        if context.operation is Operation.DELETE:
            return reason
        raise ParameterError(
            f"The {context.kind} {context.entity.slug or context.entity.id} cannot be updated:"
            f" {reason}.",
            reason=ReasonCode.NOT_CREATED,
            hint="Create it first.",
        )
    # A lost run says more than a missing state.
    MarkedChange(action.attempt, record, action.places.backend.access(key)).rival()
    if record.refusal is not None:
        raise record.refusal
    what = "destroyed" if context.operation is Operation.DELETE else "updated"
    raise RecoveryError(
        f"There is no state for {context.entity.kind} {context.entity.slug or context.entity.id},"
        f" so nothing can be {what}: whether it exists is unknown.",
        reason=ReasonCode.STATE_MISSING,
        details=(f"looked for {key.path}",),
        hint="Ask the platform team to restore the state from an earlier version, or, if nothing"
        " was ever created, to close this action by hand.",
    )


def _prepare(action: ClaimedAction, key: StateKey, workspace: Path) -> StepRun:
    tools, account = action.tools, action.recipe.account
    change = MarkedChange(action.attempt, action.record, action.places.backend.access(key))
    run = StepRun(action, key, workspace, change)
    _refuse_lost_steps(action)
    fetched = [_fetch(step, run) for step in action.recipe.steps]
    run.plans = tuple(_take_names(each, [p.interface for p in fetched]) for each in fetched)
    for plan in run.plans[: -1 if len(run.plans) > 1 else 0]:
        found = plan.state.read() if plan.state and plan.key and plan.key.exists else None
        if found is not None and not found.encrypted:
            run.outputs[plan.name] = found.outputs
    run.plans = resolve_all(run)
    tools.listen(Accepted(frozenset[str]().union(*(show(p.resolved) for p in run.plans))))
    run.credentials = tools.logins.assume(account, action.context, workspace, None)
    run.environment = narrow(tools.environment, run.credentials, withheld=account.withheld)
    return run


def _fetch(step: StepRecipe, run: StepRun) -> StepPlan:
    action, folder = run.action, run.workspace
    record, backend = action.record, action.places.backend
    if len(action.recipe.steps) > 1:
        folder /= step.folder
        folder.mkdir(mode=0o700)
    engine = action.tools.open_engine(step)
    module, lock_file = fetch_module(engine, step, record, folder)
    key, state, recovery, stands = None, None, None, True
    if step.source is not None:
        key, recovery = run.key, action.open_recovery(step.suffix)
        if not step.is_main:
            key = StateKey(step_path(key.path, step.suffix), exists=True)
            key = dataclasses.replace(key, exists=backend.access(key).read() is not None)
            stands = key.exists or bool(recovery.waiting())
            _refuse_missing(step, key, action, stands=stands)
        state = CheckedState(backend.access(key), record, step.suffix)
    draft = None
    if record.store is not None and action.context.operation is not Operation.DELETE:
        draft = draft_capsule(action.context, step, engine, module=module, workspace=folder)
    return StepPlan(
        recipe=step,
        engine=engine,
        workspace=folder,
        module=module,
        interface=engine.describe(module),
        draft=draft,
        key=key,
        state=state,
        recovery=recovery,
        lock_file=lock_file,
        stands=stands,
    )


def _take_names(plan: StepPlan, interfaces: Sequence[ModuleInterface]) -> StepPlan:
    """Let a program take every name: those of all modules, and its own."""
    if plan.recipe.program is None:
        return plan
    known = {name: each for other in interfaces for name, each in other.variables.items()}
    own = {**plan.recipe.defaults, **plan.recipe.variables, **plan.recipe.compute}
    names = {*known, *plan.recipe.takes, *own} - {STEPS}
    secret = {name for name, each in known.items() if each.sensitive or each.ephemeral}
    variables = {
        name: Variable(name, _ANY, required=False, sensitive=name in secret) for name in names
    }
    interface = dataclasses.replace(plan.interface, variables=variables)
    return dataclasses.replace(plan, interface=interface)


def _refuse_lost_steps(action: ClaimedAction) -> None:
    """Raise CatalogError when the entity was built with a step that the catalog has no more."""
    if action.context.operation is Operation.CREATE or action.record.store is None:
        return
    capsule = action.record.recall_living()
    if capsule is None:
        return
    main = next((step for step in action.recipe.steps if step.is_main), None)
    present = {step.suffix for step in action.recipe.steps}
    lost = [each.step for each in capsule.steps if each.state_key and each.step not in present]
    if main and main.name and capsule.step and main.name != capsule.step:
        lost.append(capsule.step)
    if lost:
        raise CatalogError(
            f"The {action.context.kind} was built with the step {', '.join(lost)}, which the"
            " catalog has no more: what it made would be left behind. Nothing was changed.",
            hint="Put the step back into the catalog's entry, in its place.",
        )


def _refuse_missing(
    step: StepRecipe, key: StateKey, action: ClaimedAction, *, stands: bool
) -> None:
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

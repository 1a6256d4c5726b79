"""What is checked before anything changes: links, where states lie, the modules of all steps."""

from __future__ import annotations

import contextlib
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
from purveyor.journal.layout import marker_path
from purveyor.provision import custom
from purveyor.provision.approvals import check_approvals
from purveyor.provision.built_before import (
    refuse_lost_steps,
    refuse_missing,
    refuse_other_kind,
)
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
    if action.context.operation.by_program:
        return _unless_cancelled(action, custom.prepare(action, workspace))
    refuse_linked(action, reporter)
    change = MarkedChange(action.attempt, action.record)
    check_approvals(action, change)
    turn: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if action.recipe.stateless:  # no state's lock protects it: it waits for other runs
        limit = action.tools.choose_lock_timeout(action.recipe)
        turn = change.taking_turn(limit, action.tools.listen)
    with turn:
        found = check_steps(action, change, workspace)
        done = partial(carry_out, found) if isinstance(found, StepRun) else lambda: found
        return _unless_cancelled(action, done)


def _unless_cancelled(
    action: ClaimedAction, change: Callable[[], Outcome]
) -> Callable[[], Outcome]:
    if action.tools.interruption.requested:
        raise CancelledError(
            "The run was cancelled before anything was changed.",
            hint="Start the action again when you want it.",
        )
    return change


def check_steps(action: ClaimedAction, change: MarkedChange, workspace: Path) -> StepRun | Outcome:
    """Return the steps, ready to be carried out; for a delete that finds nothing, its ending."""
    if action.recipe.stateless and action.record.store is None:
        raise CatalogError(
            f"Without a module only a journal can tell whether the {action.context.kind} exists,"
            " and this catalog has none: nothing was done.",
            hint="Name a store for it under `journal` in purveyor.yaml, such as an S3 bucket.",
        )
    key, absence = _find_state(action, change)
    if absence:
        change.withdraw()
        path = "" if action.recipe.stateless else key.path
        return succeed_absent(action.context, absence, state_key=path)
    return _prepare(action, key, change, workspace)


def refuse_linked(action: ClaimedAction, reporter: Reporter) -> None:
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


def _find_state(action: ClaimedAction, change: MarkedChange) -> tuple[StateKey, str]:
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
    refuse_other_kind(action, key)
    if not key.exists and context.operation is not Operation.CREATE:
        absence = _explain_absence(action, key, change)
    if not absence and record.refusal is not None and record.capsule is None:
        raise record.refusal
    return key, absence


def _explain_absence(action: ClaimedAction, key: StateKey, change: MarkedChange) -> str:
    context, record, begin = action.context, action.record, action.attempt.begin
    if action.open_recovery("").waiting():
        return ""
    stateless = action.recipe.stateless
    if reason := record.explain_absence(
        marker=marker_path(begin.ref, begin.action, begin.attempt),
        silence=stateless and context.operation is Operation.UPDATE,
    ):
        if context.operation is Operation.DELETE:
            return reason
        raise ParameterError(
            f"The {context.kind} {context.entity.slug or context.entity.id} cannot be updated:"
            f" {reason}.",
            reason=ReasonCode.NOT_CREATED,
            hint="Create it first.",
        )
    if stateless:  # what is there already may be done again, and what is gone undone again
        return ""
    # A lost run says more than a missing state.
    change.rival()
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


def _prepare(
    action: ClaimedAction, key: StateKey, change: MarkedChange, workspace: Path
) -> StepRun:
    tools, account = action.tools, action.recipe.account
    if not action.recipe.stateless:
        change.enter("", action.places.backend.access(key))
    run = StepRun(action, key, workspace, change)
    refuse_lost_steps(action)
    fetched = [_fetch(step, run) for step in action.recipe.steps]
    run.plans = tuple(_take_names(each, [p.interface for p in fetched]) for each in fetched)
    for plan in run.plans[: -1 if len(run.plans) > 1 else 0]:
        found = plan.state.read() if plan.state and plan.key and plan.key.exists else None
        if found is not None and not found.encrypted:
            run.outputs[plan.name] = found.outputs
        elif (given := run.recall_given(plan)) is not None:
            run.outputs[plan.name] = given
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
            refuse_missing(step, key, action, stands=stands)
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

"""What is checked of every step before the first one changes anything."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.attempt import CheckedState, MarkedChange
from purveyor.credentials import narrow
from purveyor.declaration import Primitive, Variable
from purveyor.errors import CatalogError, ParameterError, ReasonCode, RecoveryError
from purveyor.parameters import find_converted
from purveyor.provision.computed import STEPS, Computation
from purveyor.provision.remembering import draft_capsule, fetch_module
from purveyor.provision.results import read_output_values
from purveyor.provision.starting_point import find_starting_point
from purveyor.provision.step_plan import StepPlan, StepRun
from purveyor.provision.variables import resolve_variables
from purveyor.state_key import StateKey, step_path
from purveyor.step import Accepted, Noticed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.catalog.recipe import StepRecipe
    from purveyor.declaration import ModuleInterface
    from purveyor.provision.infrastructure import Work
    from purveyor.provision.step_tools import StepTools
    from purveyor.provision.variables import ResolvedVariables
    from purveyor.reporter import ActionSnapshot
    from purveyor.state_key import OutputValue

_ANY = Primitive("any")


def prepare(work: Work, *, snapshot: ActionSnapshot, tools: StepTools) -> StepRun:
    """Fetch the modules, check states and parameters, take the account's credentials."""
    _refuse_lost_steps(work)
    fetched = [_fetch(step, work, tools) for step in work.recipe.steps]
    named = [_take_names(each, [p.interface for p in fetched]) for each in fetched]
    main = next(each for each in named if each.recipe.is_main)
    assert main.state is not None  # noqa: S101 - its module keeps one
    change = MarkedChange(work.attempt, work.record, main.state)
    run = StepRun(work, tools, snapshot, tuple(named), change)
    for plan in run.plans[: -1 if len(run.plans) > 1 else 0]:
        state = plan.state.read() if plan.state and plan.key and plan.key.exists else None
        if state is not None and not state.encrypted:
            run.outputs[plan.name] = state.outputs
    run.plans = _resolve_all(run)
    tools.listen(Accepted(frozenset[str]().union(*(_shown(p.resolved) for p in run.plans))))
    account = work.recipe.account
    run.credentials = tools.logins.assume(account, work.context, work.workspace, None)
    run.environment = narrow(tools.environment, run.credentials, withheld=account.withheld)
    return run


def resolve_step(plan: StepPlan, run: StepRun) -> ResolvedVariables:
    """Give a step its variables, by what is known of earlier steps."""
    work, tools, interface = run.work, run.tools, plan.interface
    before = run.plans[: run.plans.index(plan)]
    if work.context.operation is Operation.DELETE:  # programs give nothing any more
        before = tuple(each for each in before if each.key is not None)
    known = run.outputs.keys() >= {each.name for each in before}
    computation = Computation(
        plan.recipe.compute,
        work.recipe.account,
        read_outputs=lambda: _read_service(work, tools),
        recall=lambda: work.record.recall_computed(plan.recipe.suffix),
        steps=run.outputs if known else None,
    )
    # What depends on an earlier step's outputs is looked at once they are known.
    kept = {n: each for n, each in interface.variables.items() if n not in computation.later}
    resolved = resolve_variables(
        work.context,
        plan.recipe,
        dataclasses.replace(interface, variables=kept),
        snapshot=run.snapshot,
        start=plan.start,
        is_secret=lambda text: tools.redactor.redact(text) != text,
        computation=computation,
        ignored=work.recipe.ignored | (_find_names(run) - kept.keys()),
    )
    mark = plan.recipe.suffix and f"{plan.recipe.suffix}/"
    work.record.computed = {
        **work.record.computed,
        **{f"{mark}{name}": value for name, value in resolved.computed.items()},
    }
    return resolved


def _find_names(run: StepRun) -> frozenset[str]:
    """Return the parameters that any step takes, itself or in a template."""
    given = run.work.context.parameters
    found: set[str] = set()
    for plan in run.plans:
        found |= plan.interface.variables.keys() | plan.recipe.takes
        if plan.recipe.compute and len(run.plans) > 1:
            found |= Computation(plan.recipe.compute, run.work.recipe.account).find_read(given)
    return frozenset(found)


def _resolve_all(run: StepRun) -> tuple[StepPlan, ...]:
    """Resolve every step; raise ParameterError with the faults of all."""
    plans, refused = [], []
    record, tools = run.work.record, run.tools
    for each in run.plans:
        start = find_starting_point(
            run.work.context, record, each.interface, run.snapshot, step=each.recipe.suffix
        )
        plan = dataclasses.replace(each, start=start)
        run.plans = tuple(plan if p is each else p for p in run.plans)
        for note in start.notes:
            tools.listen(Noticed("warning", note))
        try:
            resolved = resolve_step(plan, run)
        except ParameterError as error:
            refused.append(error)
            continue
        _tell(resolved, plan.interface, tools)
        plans.append(dataclasses.replace(plan, resolved=resolved))
    if len(refused) == 1:
        raise refused[0]
    if refused:
        faults = tuple(dict.fromkeys(line for each in refused for line in each.details))
        raise ParameterError(
            f"What was asked does not fit the steps in {len(faults)} places.",
            hint=refused[0].hint,
            details=faults,
        )
    return tuple(plans)


def _tell(resolved: ResolvedVariables, interface: ModuleInterface, tools: StepTools) -> None:
    for name in filter(interface.variables.__contains__, resolved.asked):
        for place in find_converted(resolved.asked[name], interface.variables[name].type, name):
            tools.listen(Noticed("info", f"{place}: the module's type makes text of it."))
    for name, file in interface.set_by.items():
        if name in interface.variables and name not in resolved.variables:
            tools.listen(Noticed("info", f"{name} has its value from {file} of the module."))
    for name in resolved.secret:
        tools.redactor.add_value([resolved.variables.get(name), resolved.asked.get(name)])


def _shown(resolved: ResolvedVariables) -> frozenset[str]:
    return frozenset(resolved.variables) - resolved.secret - resolved.private


def _fetch(step: StepRecipe, work: Work, tools: StepTools) -> StepPlan:
    folder = work.workspace
    if len(work.recipe.steps) > 1:
        folder /= step.folder
        folder.mkdir(mode=0o700)
    engine = tools.open_engine(step)
    module, lock_file = fetch_module(engine, step, work.record, folder)
    key, state, recovery, stands = None, None, None, True
    if step.source is not None:
        backend = work.places.backend
        key, recovery = work.key, work.recovery
        if not step.is_main:
            key = StateKey(step_path(work.key.path, step.suffix), exists=True)
            key = dataclasses.replace(key, exists=backend.access(key).read() is not None)
            recovery = work.open_recovery(step.suffix)
            stands = key.exists or bool(recovery.waiting())
            _refuse_missing(step, key, work, stands=stands)
        state = CheckedState(backend.access(key), work.record, step.suffix)
    keeps = work.record.store is not None and work.context.operation is not Operation.DELETE
    return StepPlan(
        recipe=step,
        engine=engine,
        workspace=folder,
        module=module,
        interface=engine.describe(module),
        draft=draft_capsule(work.context, step, module=module, workspace=folder) if keeps else None,
        key=key,
        state=state,
        recovery=recovery,
        lock_file=lock_file,
        stands=stands,
    )


def _take_names(plan: StepPlan, interfaces: Sequence[ModuleInterface]) -> StepPlan:
    """Let a program take every name: those of all modules, and its own."""
    if plan.recipe.command is None:
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


def _refuse_lost_steps(work: Work) -> None:
    """Raise CatalogError when the entity was built with a step that the catalog has no more."""
    if work.context.operation is Operation.CREATE or work.record.store is None:
        return
    capsule = work.record.recall_living()
    if capsule is None:
        return
    main = next((step for step in work.recipe.steps if step.is_main), None)
    present = {step.suffix for step in work.recipe.steps}
    lost = [each.step for each in capsule.steps if each.state_key and each.step not in present]
    if main and main.name and capsule.step and main.name != capsule.step:
        lost.append(capsule.step)
    if lost:
        raise CatalogError(
            f"The {work.context.kind} was built with the step {', '.join(lost)}, which the catalog"
            " has no more: what it made would be left behind. Nothing was changed.",
            hint="Put the step back into the catalog's entry, in its place.",
        )


def _refuse_missing(step: StepRecipe, key: StateKey, work: Work, *, stands: bool) -> None:
    """Raise RecoveryError when a later step's state is gone, and with it what it made."""
    operation, record = work.context.operation, work.record
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


def _read_service(work: Work, tools: StepTools) -> dict[str, OutputValue]:
    backend, link = work.places.backend, work.context.link
    return read_output_values(work.context.service, backend, tools.redactor) if link else {}

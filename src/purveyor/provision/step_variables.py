"""The variables of each step: looked at for all before the first change, and again on its turn."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.errors import ParameterError
from purveyor.parameters import find_converted
from purveyor.provision.computed import Computation
from purveyor.provision.results import read_outputs
from purveyor.provision.starting_point import find_starting_point
from purveyor.provision.variables import resolve_variables
from purveyor.step import Noticed

if TYPE_CHECKING:
    from purveyor.declaration import ModuleInterface
    from purveyor.provision.step_plan import ClaimedAction, StepPlan, StepRun
    from purveyor.provision.step_tools import StepTools
    from purveyor.provision.variables import ResolvedVariables
    from purveyor.state_key import OutputValue


def resolve_step(plan: StepPlan, run: StepRun) -> ResolvedVariables:
    action, interface = run.action, plan.interface
    before = run.plans[: run.plans.index(plan)]
    if action.context.operation is Operation.DELETE:  # programs give nothing any more
        before = tuple(each for each in before if each.key is not None)
    known = run.outputs.keys() >= {each.name for each in before}
    computation = Computation(
        plan.recipe.compute,
        action.recipe.account,
        read_outputs=lambda: _read_service(action),
        recall=lambda: action.record.recall_computed(plan.recipe.suffix),
        steps=run.outputs if known else None,
    )
    # What depends on an earlier step's outputs is looked at once they are known.
    kept = {n: each for n, each in interface.variables.items() if n not in computation.later}
    resolved = resolve_variables(
        action.context,
        plan.recipe,
        dataclasses.replace(interface, variables=kept),
        snapshot=action.snapshot,
        start=plan.start,
        is_secret=lambda text: action.tools.redactor.redact(text) != text,
        computation=computation,
        ignored=action.recipe.ignored | (_find_names(run) - kept.keys()),
    )
    mark = plan.recipe.suffix and f"{plan.recipe.suffix}/"
    action.record.computed = {
        **action.record.computed,
        **{f"{mark}{name}": value for name, value in resolved.computed.items()},
    }
    return resolved


def _find_names(run: StepRun) -> frozenset[str]:
    """Return the parameters that any step takes, itself or in a template."""
    given = run.action.context.parameters
    found: set[str] = set()
    for plan in run.plans:
        found |= plan.interface.variables.keys() | plan.recipe.takes
        if plan.recipe.compute and len(run.plans) > 1:
            found |= Computation(plan.recipe.compute, run.action.recipe.account).find_read(given)
    return frozenset(found)


def resolve_all(run: StepRun) -> tuple[StepPlan, ...]:
    """Resolve every step; raise ParameterError with the faults of all."""
    plans, refused = [], []
    action, tools = run.action, run.action.tools
    for each in run.plans:
        start = find_starting_point(
            *(action.context, action.record, each.interface, action.snapshot),
            step=each.recipe.suffix,
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


def show(resolved: ResolvedVariables) -> frozenset[str]:
    return frozenset(resolved.variables) - resolved.secret - resolved.private


def _read_service(action: ClaimedAction) -> dict[str, OutputValue]:
    if action.context.link is None:
        return {}
    return read_outputs(action.context.service, action.places, action.tools.redactor)

"""Create, update or delete with an engine: everything is checked before anything is touched."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.credentials import narrow
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.provision.endings import succeed
from purveyor.provision.results import Results, read_outputs, sort_outputs
from purveyor.provision.variables import SERVICE_OUTPUTS, learn_secrets, settle_variables
from purveyor.state_key import identity
from purveyor.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.declaration import ModuleInterface
    from purveyor.json_text import JsonValue
    from purveyor.outcome import Outcome
    from purveyor.provision.ports import Backend, Ports
    from purveyor.reporter import Standing
    from purveyor.state_key import StateKey
    from purveyor.step import Engine, Recovery


@dataclass(frozen=True, slots=True)
class Prepared:
    """An action that passed every check and has not touched anything yet."""

    context: ActionContext
    recipe: Recipe
    engine: Engine
    backend: Backend
    key: StateKey
    step: Step
    notes: tuple[str, ...]


def prepare(
    context: ActionContext, recipe: Recipe, *, standing: Standing, ports: Ports, workspace: Path
) -> Prepared:
    """Fetch the module, check the parameters, find the state, take the account's credentials."""
    engine = ports.open_engine(recipe.engine)
    assert recipe.source is not None  # noqa: S101 - only custom actions have none
    module = engine.fetch(recipe.source, workspace)
    interface = engine.describe(module)
    backend = ports.open_backend(recipe)
    settled = settle_variables(
        context,
        recipe,
        interface,
        standing=standing,
        service_outputs=_service_outputs(context, interface, backend, ports),
    )
    learn_secrets(ports.redactor, interface, settled.variables)
    recovery = ports.open_recovery(recipe, context.entity) if ports.open_recovery else None
    key = _locate(context, backend, recovery)
    credentials = ports.assume(recipe.account, context, workspace)
    block = backend.block(key)
    if credentials:
        block = ports.keep_for_state(block, workspace, credentials)
    step = Step(
        operation=context.operation,
        engine=recipe.engine,
        workspace=workspace,
        module=module,
        variables=settled.variables,
        backend=block,
        state=backend.access(key),
        environment=narrow(ports.environment, credentials, withheld=recipe.account.withheld),
        identity=identity(context.entity),
        guard=recipe.guard,
        interruption=ports.interruption,
        lock_wait=ports.choose_lock_wait(recipe),
        recovery=recovery,
    )
    return Prepared(context, recipe, engine, backend, key, step, settled.notes)


def carry_out(prepared: Prepared, ports: Ports) -> Outcome:
    """Run the engine; after a verified delete remove the state object, last."""
    done = prepared.engine.run(prepared.step, ports.listen)
    context = prepared.context
    if context.operation is Operation.DELETE:
        prepared.backend.remove(prepared.key)
        results = Results({}, {}, ())
    else:
        results = sort_outputs(done.outputs, prepared.recipe.outputs, ports.redactor)
    results = dataclasses.replace(results, notes=(*prepared.notes, *done.notes, *results.notes))
    outcome = succeed(context, results, changes=done.changes, state_key=prepared.key.path)
    return dataclasses.replace(outcome, run_url=ports.run_url)


def _locate(context: ActionContext, backend: Backend, recovery: Recovery | None) -> StateKey:
    key = backend.locate(context.entity)
    if key.exists or context.operation is Operation.CREATE:
        return key
    if recovery is not None and recovery.waiting():
        return key
    what = "destroyed" if context.operation is Operation.DELETE else "updated"
    raise RecoveryError(
        f"There is no state for {context.entity.kind} {context.entity.slug or context.entity.id},"
        f" so nothing can be {what}: whether it exists is unknown.",
        reason=ReasonCode.STATE_MISSING,
        details=(f"looked for {key.path}",),
        hint="Ask the platform team to restore the state from an earlier version, or, if nothing"
        " was ever created, to close this action by hand.",
    )


def _service_outputs(
    context: ActionContext, interface: ModuleInterface, backend: Backend, ports: Ports
) -> Mapping[str, JsonValue]:
    if context.kind is Kind.SERVICE or SERVICE_OUTPUTS not in interface.variables:
        return {}
    return read_outputs(context.service, backend, ports.redactor)

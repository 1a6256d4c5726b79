"""Create, update or delete with an engine: everything is checked before anything is touched."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.credentials import narrow
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.provision.change import Change, OwnRecovery
from purveyor.provision.endings import succeed
from purveyor.provision.memory import Memory, RememberedState
from purveyor.provision.remembering import draft_capsule, fetch_module, finish_capsule
from purveyor.provision.results import Results, read_outputs, sort_outputs
from purveyor.provision.variables import SERVICE_OUTPUTS, learn_secrets, settle_variables
from purveyor.state_key import identity, refuse_moved
from purveyor.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.declaration import ModuleInterface
    from purveyor.journal import Capsule
    from purveyor.json_text import JsonValue
    from purveyor.outcome import Outcome
    from purveyor.provision.once import Attempt
    from purveyor.provision.ports import Backend, Ports
    from purveyor.provision.variables import Settled
    from purveyor.reporter import Standing
    from purveyor.state_key import StateKey
    from purveyor.step import BackendBlock, Engine, Recovery, StepResult


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
    state: RememberedState
    draft: Capsule | None
    change: Change


@dataclass(frozen=True, slots=True)
class Work:
    """One action's own: where its entity's state lies, what is remembered, a private folder.

    `absence` tells why there is nothing to delete, where that is proven.
    """

    context: ActionContext
    recipe: Recipe
    key: StateKey
    recovery: Recovery | None
    memory: Memory
    attempt: Attempt
    workspace: Path
    absence: str = ""


def look_up(
    context: ActionContext,
    recipe: Recipe,
    ports: Ports,
    *,
    memory: Memory,
    attempt: Attempt,
    workspace: Path,
) -> Work:
    """Find the entity's state; raise RecoveryError STATE_MISSING, or why the catalog is no help."""
    backend = ports.open_backend(recipe)
    recovery = ports.open_recovery(recipe, context.entity) if ports.open_recovery else None
    if recovery is not None and attempt.begin is not None:
        recovery = OwnRecovery(recovery, attempt.begin)
    key = backend.locate(context.entity)
    refuse_moved(key, backend, context.entity)
    memory.found = key.exists
    absence = ""
    if not key.exists and context.operation is not Operation.CREATE:
        change = Change(attempt, memory, ports, backend.access(key))
        absence = _explain_absence(key, recovery, change)
    if not absence and memory.refusal is not None and memory.capsule is None:
        raise memory.refusal
    return Work(context, recipe, key, recovery, memory, attempt, workspace, absence)


def prepare(work: Work, *, standing: Standing, ports: Ports) -> Prepared:
    """Fetch the module, check the parameters, take the account's credentials."""
    context, recipe, key, workspace = work.context, work.recipe, work.key, work.workspace
    if context.operation is Operation.DELETE:
        work.memory.recall()
    engine, backend = ports.open_engine(recipe.engine), ports.open_backend(recipe)
    module = fetch_module(engine, recipe, work.memory, workspace)
    interface = engine.describe(module)
    settled = settle_variables(
        context,
        recipe,
        interface,
        standing=standing,
        service_outputs=_service_outputs(context, interface, backend, ports),
        recall=work.memory.recall_variables,
        is_secret=lambda text: ports.redactor.redact(text) != text,
    )
    learn_secrets(ports.redactor, interface, settled.variables)
    state = RememberedState(backend.access(key), work.memory)
    change = Change(work.attempt, work.memory, ports, state)
    credentials = ports.assume(recipe.account, context, workspace, None)
    step = Step(
        operation=context.operation,
        engine=recipe.engine,
        workspace=workspace,
        module=module,
        variables=settled.variables,
        backend=_open_state(backend.block(key), work, credentials, ports),
        state=state,
        environment=narrow(ports.environment, credentials, withheld=recipe.account.withheld),
        identity=identity(context.entity),
        guard=recipe.guard,
        interruption=ports.interruption,
        lock_wait=ports.choose_lock_wait(recipe),
        recovery=work.recovery,
        changing=change,
        renew=ports.renew_logins,
    )
    draft, notes = _draft(work, settled, module), settled.notes
    return Prepared(context, recipe, engine, backend, key, step, notes, state, draft, change)


def _open_state(
    block: BackendBlock, work: Work, credentials: Mapping[str, str], ports: Ports
) -> BackendBlock:
    """Let the engine reach the state as the run does, where an account's credentials come in."""
    return ports.keep_for_state(block, work.workspace, credentials) if credentials else block


def _draft(work: Work, settled: Settled, module: Path) -> Capsule | None:
    if work.memory.store is None or work.context.operation is Operation.DELETE:
        return None
    return draft_capsule(
        work.context, work.recipe, settled, module=module, workspace=work.workspace
    )


def carry_out(prepared: Prepared, memory: Memory, ports: Ports) -> Outcome:
    """Run the engine, then keep the capsule; after a verified delete remove the state, last."""
    try:
        return _carry_out(prepared, memory, ports)
    finally:
        prepared.change.close()


def _carry_out(prepared: Prepared, memory: Memory, ports: Ports) -> Outcome:
    done = prepared.engine.run(prepared.step, ports.listen)
    context = prepared.context
    if context.operation is Operation.DELETE:
        # In this order: without a state only the tombstone tells later deletes that all is gone.
        memory.bury(state_key=prepared.key.path)
        prepared.backend.remove(prepared.key)
        results = Results({}, {}, ())
    else:
        results = sort_outputs(done.outputs, prepared.recipe.outputs, ports.redactor)
        _keep(prepared, done, memory)
    notes = (*memory.notes, *prepared.notes, *done.notes, *results.notes)
    results = dataclasses.replace(results, notes=notes)
    outcome = succeed(context, results, changes=done.changes, state_key=prepared.key.path)
    return dataclasses.replace(outcome, run_url=ports.run_url)


def _keep(prepared: Prepared, done: StepResult, memory: Memory) -> None:
    if prepared.draft is None:
        return
    capsule = finish_capsule(
        prepared.draft,
        done,
        module=prepared.step.module,
        state_key=prepared.key.path,
        lineage=prepared.state.lineage(),
        at=memory.now(),
    )
    memory.keep(capsule)


def _explain_absence(key: StateKey, recovery: Recovery | None, change: Change) -> str:
    memory = change.memory
    context = memory.context
    if recovery is not None and recovery.waiting():
        return ""
    if context.operation is Operation.DELETE and (reason := memory.explain_absence()):
        return reason
    change.rival()  # a lost run says more than a missing state
    if memory.refusal is not None:
        raise memory.refusal
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

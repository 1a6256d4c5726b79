"""Create, update or delete with an engine: everything is checked before anything is touched."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.attempt import CheckedState, MarkedChange
from purveyor.credentials import narrow
from purveyor.errors import ParameterError, ReasonCode, RecoveryError
from purveyor.journal import Secrets
from purveyor.parameters import find_converted
from purveyor.provision.computed import Computation
from purveyor.provision.endings import succeed
from purveyor.provision.remembering import draft_capsule, fetch_module, finish_capsule
from purveyor.provision.results import HandingOn, Results, read_output_values, sort_outputs
from purveyor.provision.starting_point import find_starting_point
from purveyor.provision.variables import resolve_variables
from purveyor.state_key import identity, refuse_moved
from purveyor.step import Accepted, Noticed, StateSlot, Step

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.attempt import Attempt, EntityRecord
    from purveyor.backends import Backend
    from purveyor.catalog import Recipe
    from purveyor.declaration import ModuleInterface
    from purveyor.journal import Capsule
    from purveyor.outcome import Outcome
    from purveyor.provision.ports import Ports
    from purveyor.provision.variables import ResolvedVariables
    from purveyor.reporter import ActionSnapshot
    from purveyor.state_key import OutputValue, StateKey
    from purveyor.step import Engine, Recovery, StepResult


@dataclass(frozen=True, slots=True)
class Prepared:
    """An action that passed every check and has not touched anything yet."""

    context: ActionContext
    recipe: Recipe
    engine: Engine
    backend: Backend
    key: StateKey
    step: Step
    state: CheckedState
    draft: Capsule | None
    change: MarkedChange
    settled: ResolvedVariables
    handing_on: HandingOn

    def choose_secrets(self) -> Secrets:
        """Return which secret values may be kept in clear: they lie in clear in the state, too."""
        encrypted = self.state.last is not None and self.state.last.encrypted
        if encrypted or not self.recipe.keep_secrets:
            return Secrets()
        asked, private = self.settled.asked, self.settled.private
        return Secrets(
            variables=self.settled.withheld,
            asked={name: value for name, value in asked.items() if name in private},
        )


@dataclass(frozen=True, slots=True)
class Work:
    """One action's own: where its entity's state lies, what is remembered, a private folder."""

    context: ActionContext
    recipe: Recipe
    key: StateKey
    recovery: Recovery | None
    record: EntityRecord
    attempt: Attempt
    workspace: Path
    absence: str = ""  # why there is nothing to delete, where that is proven


def look_up(
    context: ActionContext,
    recipe: Recipe,
    ports: Ports,
    *,
    record: EntityRecord,
    attempt: Attempt,
    workspace: Path,
    key: StateKey | None,
) -> Work:
    """Find the entity's state; raise RecoveryError STATE_MISSING, or why the catalog is no help."""
    backend = ports.open_backend(recipe)
    begin, open_recovery = attempt.begin, ports.open_recovery
    name = f"{begin.action}@{begin.attempt}" if attempt.journal is not None else ""
    recovery = open_recovery(recipe, context.entity, name) if open_recovery else None
    if key is None or attempt.begin.attempt > 1:  # an earlier one may have built it meanwhile
        key = backend.locate(context.entity)
    attempt.state_key = key.path if key.exists else ""
    refuse_moved(key, backend, context.entity)
    record.found = key.exists
    absence = ""
    if not key.exists and context.operation is not Operation.CREATE:
        change = MarkedChange(attempt, record, backend.access(key))
        absence = _explain_absence(context, key, recovery, change)
    if not absence and record.refusal is not None and record.capsule is None:
        raise record.refusal
    return Work(context, recipe, key, recovery, record, attempt, workspace, absence)


def prepare(work: Work, *, snapshot: ActionSnapshot, ports: Ports) -> Prepared:
    """Fetch the module, check the parameters, take the account's credentials."""
    recipe = work.recipe
    step = recipe.steps[0]
    engine, backend = ports.open_engine(step), ports.open_backend(recipe)
    module = fetch_module(engine, step, work.record, work.workspace)
    interface = engine.describe(module)
    settled = _settle(work, interface, snapshot, ports)
    shown = frozenset(settled.variables) - settled.secret - settled.private
    ports.listen(Accepted(shown))
    state = CheckedState(backend.access(work.key), work.record)
    change = MarkedChange(work.attempt, work.record, state)
    return Prepared(
        context=work.context,
        recipe=recipe,
        engine=engine,
        backend=backend,
        key=work.key,
        step=dataclasses.replace(
            _plan_step(work, module, settled, change, ports),
            variables=interface.spell(settled.variables),
        ),
        state=state,
        draft=_draft(work, settled, module),
        change=change,
        settled=settled,
        handing_on=HandingOn(
            step.outputs,
            variables=interface.variables.keys(),
            applied=settled.variables,
            specification=snapshot.specification,
            secret=[v for n, v in settled.variables.items() if n in settled.secret],
        ),
    )


def _settle(
    work: Work, interface: ModuleInterface, snapshot: ActionSnapshot, ports: Ports
) -> ResolvedVariables:
    start = find_starting_point(work.context, work.record, interface, snapshot)
    for note in start.notes:
        ports.listen(Noticed("warning", note))
    step, read = work.recipe.steps[0], lambda: _read_service(work, ports)
    recall = work.record.recall_computed
    settled = resolve_variables(
        work.context,
        step,
        interface,
        snapshot=snapshot,
        start=start,
        is_secret=lambda text: ports.redactor.redact(text) != text,
        computation=Computation(step.compute, work.recipe.account, read, recall),
        ignored=work.recipe.ignored,
    )
    work.record.computed = settled.computed
    for name in filter(interface.variables.__contains__, settled.asked):
        for place in find_converted(settled.asked[name], interface.variables[name].type, name):
            ports.listen(Noticed("info", f"{place}: the module's type makes text of it."))
    for name, file in interface.set_by.items():
        if name in interface.variables and name not in settled.variables:
            ports.listen(Noticed("info", f"{name} has its value from {file} of the module."))
    for name in settled.secret:
        ports.redactor.add_value([settled.variables.get(name), settled.asked.get(name)])
    return settled


def _plan_step(
    work: Work, module: Path, settled: ResolvedVariables, change: MarkedChange, ports: Ports
) -> Step:
    account = work.recipe.account
    credentials = ports.assume(account, work.context, work.workspace, None)
    block = ports.open_backend(work.recipe).block(work.key)
    if credentials:  # the engine reaches the state as the run does
        block = ports.keep_for_state(block, work.workspace, credentials)
    return Step(
        operation=work.context.operation,
        workspace=work.workspace,
        module=module,
        variables=settled.variables,
        state=StateSlot(
            block=block,
            access=change.state,
            stamp=identity(work.context.entity),
            lock_timeout=ports.choose_lock_timeout(work.recipe),
            marker=change,
            recovery=work.recovery,
        ),
        environment=narrow(ports.environment, credentials, withheld=account.withheld),
        guard=work.recipe.steps[0].guard,
        interruption=ports.interruption,
        renew=ports.renew_logins,
        filled=settled.filled,
    )


def _draft(work: Work, settled: ResolvedVariables, module: Path) -> Capsule | None:
    if work.record.store is None or work.context.operation is Operation.DELETE:
        return None
    return draft_capsule(
        work.context,
        work.recipe.steps[0],
        settled,
        module=module,
        workspace=work.workspace,
    )


def carry_out(prepared: Prepared, record: EntityRecord, ports: Ports) -> Outcome:
    """Run the engine, then keep the capsule; after a verified delete remove the state, last."""
    try:
        return _carry_out(prepared, record, ports)
    finally:
        record.note_let_go(prepared.change.attempt.changes, state_key=prepared.key.path)
        prepared.change.close()


def _carry_out(prepared: Prepared, record: EntityRecord, ports: Ports) -> Outcome:
    prepared.change.attempt.state_key = prepared.key.path
    done = prepared.engine.run(prepared.step, ports.listen)
    context = prepared.context
    if context.operation is Operation.DELETE:
        # In this order: without a state only the tombstone tells later deletes that all is gone.
        retained = record.let_go(done.changes)
        record.bury(state_key=prepared.key.path, retained=retained)
        prepared.backend.remove(prepared.key)
        if retained:
            raise record.refuse_retained(retained)
        results = Results({}, {})
    else:
        results = sort_outputs(done.outputs, prepared.handing_on, ports.redactor)
        _keep(prepared, done, results, record)
    notes = (*record.notes, *prepared.settled.notes, *done.notes, *results.notes)
    for note in results.log_notes:
        ports.listen(Noticed("warning", note))
    results = dataclasses.replace(results, notes=notes)
    # What is a variable now is the developer's, whatever set it before.
    declared = prepared.handing_on.variables
    shown_before = tuple(name for name in record.shown_before() if name not in declared)
    outcome = succeed(context, results, changes=done.changes, state_key=prepared.key.path)
    return dataclasses.replace(outcome, run_url=ports.run_url, shown_before=shown_before)


def _keep(prepared: Prepared, done: StepResult, results: Results, record: EntityRecord) -> None:
    if prepared.draft is None:
        return
    capsule = finish_capsule(
        prepared.draft,
        done,
        results,
        module=prepared.step.module,
        state_key=prepared.key.path,
        lineage=prepared.state.lineage(),
        at=record.now(),
    )
    record.keep(capsule, prepared.choose_secrets(), done.changes)


def _explain_absence(
    context: ActionContext, key: StateKey, recovery: Recovery | None, change: MarkedChange
) -> str:
    record = change.record
    if recovery is not None and recovery.waiting():
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
    change.rival()  # a lost run says more than a missing state
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


def _read_service(work: Work, ports: Ports) -> dict[str, OutputValue]:
    backend, link = ports.open_backend(work.recipe), work.context.link
    return read_output_values(work.context.service, backend, ports.redactor) if link else {}

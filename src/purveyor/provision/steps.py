"""The steps of one action: all of them are checked before the first changes anything."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor.errors import CancelledError, PurveyorError
from purveyor.journal import Secrets
from purveyor.program import PulumiProject
from purveyor.provision.approvals import must_wait, park
from purveyor.provision.document import build_document
from purveyor.provision.endings import succeed
from purveyor.provision.recorded_recipe import finish_capsule
from purveyor.provision.results import HandingOn, Results, read_outputs, sort_outputs, take_values
from purveyor.provision.step_variables import resolve_step
from purveyor.state_key import OutputValue, identity
from purveyor.step import COMMAND, BackendBlock, Noticed, PhaseStarted, StateSlot, Step, StepResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.json_text import JsonObject
    from purveyor.outcome import Outcome
    from purveyor.plan import Change
    from purveyor.provision.step_plan import StepPlan, StepRun
    from purveyor.provision.variables import ResolvedVariables
    from purveyor.step import Listen, StepEvent


def carry_out(run: StepRun) -> Outcome:
    """Carry out all steps in order, a delete backwards; then keep what later actions need."""
    action, operation = run.action, run.action.context.operation
    plans = run.plans if operation is not Operation.DELETE else run.plans[::-1]
    try:
        for each in plans:
            if not each.is_due(operation) or recall_once(each, run):
                continue
            if must_wait(each.recipe, action):
                return park(each.recipe, run)
            with naming_faults(each, run):
                plan, listen = enter(each, run)
                done = plan.engine.run(plan_step(plan, run), listen)
            run.outputs[plan.name] = done.outputs
            run.done.append((plan, done))
            if len(plans) > 1:
                _note_once(plan, done, run)
                run.change.close()  # each step has its own doubt
        return _bury(run) if operation is Operation.DELETE else _keep(run)
    finally:
        if action.recipe.stateless:
            run.change.settle()  # what is not done may be done again
        action.record.note_let_go(action.attempt.changes, state_key=run.state_key)
        run.change.close()


@contextlib.contextmanager
def naming_faults(plan: StepPlan, run: StepRun) -> Iterator[None]:
    """Let an error of one of several steps say which it is, and what is done."""
    try:
        yield
    except PurveyorError as error:
        if len(run.plans) > 1:
            error.message = f"Step {plan.name or '1'}: {error.message}"
            over = (f"step {each.name or '1'} is done" for each, _ in run.done)
            error.details = (*error.details, *over)
        raise


def enter(plan: StepPlan, run: StepRun, *, previews: bool = False) -> tuple[StepPlan, Listen]:
    """Go on to a step: return it with what is known by now, and who listens to it."""
    action, listen = run.action, run.action.tools.listen
    if len(run.plans) > 1:
        if action.tools.interruption.requested:
            raise CancelledError(
                "It was not begun, as asked.", hint="Start the action again when it is wanted."
            )
        if run.outputs and plan is not run.plans[0]:
            plan = _resolve_again(plan, run)
        listen = _name_phases(listen, plan.name)
    if plan.key is not None and plan.state is not None:
        action.attempt.state_key = plan.key.path
        run.change.enter(plan.name, plan.state)
    if action.recipe.stateless and not previews:
        run.change.begin_alone()
    if plan.recipe.program is not None:
        listen(PhaseStarted("plan" if previews else "run"))
    return plan, listen


def _note_once(plan: StepPlan, done: StepResult, run: StepRun) -> None:
    store, program = run.action.record.store, plan.recipe.program
    if plan.recipe.once and store is not None and program is not None:
        kept = {n: each.value for n, each in done.outputs.items() if n in program.public}
        store.note_step(run.action.record.blank.ref, plan.name, kept)


def _resolve_again(plan: StepPlan, run: StepRun) -> StepPlan:
    resolved = resolve_step(plan, run)
    for name in resolved.secret:
        run.action.tools.redactor.add_value([resolved.variables.get(name)])
    return dataclasses.replace(plan, resolved=resolved)


def _name_phases(listen: Listen, step: str) -> Listen:
    def tell(event: StepEvent) -> None:
        if isinstance(event, PhaseStarted) and step:
            event = PhaseStarted(f"{step}/{event.name}")
        listen(event)

    return tell


def recall_once(plan: StepPlan, run: StepRun) -> bool:
    """Tell whether a step that is done once has been; what is kept of its results counts again."""
    store = run.action.record.store
    if not plan.recipe.once or store is None:
        return False
    kept = store.read_step(run.action.record.blank.ref, plan.name)
    if kept is None:
        return False
    given = run.recall_given(plan)
    public = {name: OutputValue(value) for name, value in kept.items()}
    run.outputs[plan.name] = public if given is None else given
    run.done.append((plan, StepResult((), run.outputs[plan.name])))
    return True


def plan_step(plan: StepPlan, run: StepRun, *, previews: bool = False) -> Step:
    action, tools, resolved = run.action, run.action.tools, plan.resolved
    state = None
    if plan.key is not None and plan.state is not None:
        # A backend may make room for a state; where only a look is taken, nothing is made.
        makes = plan.key.exists or not previews
        block = action.places.backend.block(plan.key) if makes else BackendBlock("", {})
        state = StateSlot(
            block=run.reach(block, plan),
            access=plan.state,
            stamp=plan.recipe.stamp(identity(action.context.entity)),
            lock_timeout=tools.choose_lock_timeout(action.recipe),
            marker=run.change,
            recovery=plan.recovery,
        )
    return Step(
        operation=action.context.operation,
        workspace=plan.workspace,
        module=plan.module,
        variables=plan.interface.spell(resolved.variables)
        if plan.recipe.program is None
        else _write_document(plan, resolved, run),
        environment=run.environment,
        interruption=tools.interruption,
        state=state,
        own_state=run.find_own_state(plan),
        guard=plan.recipe.guard,
        shows=plan.recipe.shows,
        renew=tools.logins.renew,
        filled=resolved.filled,
        lock_file=plan.lock_file,
    )


def _write_document(plan: StepPlan, resolved: ResolvedVariables, run: StepRun) -> JsonObject:
    action, tools = run.action, run.action.tools
    service = None
    if action.context.kind is Kind.LINK:
        known = read_outputs(action.context.service, action.places, tools.redactor)
        service = take_values(known)
    document = build_document(
        action.context, outputs={}, service_outputs=service, state_key=run.key.path
    )
    given: JsonObject = {
        "step": plan.name,
        "variables": dict(resolved.variables),
        "steps": run.tell_outputs(),
    }
    return {**document, **given}


def _bury(run: StepRun) -> Outcome:
    """Leave a tombstone and remove the states, the first step's last: it is what others see."""
    action, changes = run.action, _changes(run)
    backend = action.places.backend
    # In this order: without a state only the tombstone tells later deletes that all is gone.
    retained = action.record.let_go(changes)
    action.record.bury(state_key=run.state_key, retained=retained)
    for plan in run.plans:
        if plan.recipe.once and action.record.store is not None:
            action.record.store.forget_step(action.record.blank.ref, plan.name)
    for plan in reversed(run.plans):
        if plan.key is not None and plan.stands:
            backend.remove(plan.key)
    if retained:
        raise action.record.refuse_retained(retained)
    return _succeed(run, Results({}, {}))


def _keep(run: StepRun) -> Outcome:
    sorted_ones = list(_sort(run))
    results = Results(
        {name: value for each in sorted_ones for name, value in each.public.items()},
        {name: value for each in sorted_ones for name, value in each.secrets.items()},
        tuple(note for each in sorted_ones for note in each.notes),
        tuple(note for each in sorted_ones for note in each.log_notes),
    )
    capsules = [
        (
            plan,
            finish_capsule(
                plan.draft,
                plan.resolved,
                done,
                results,
                state_key=plan.key.path if plan.key else "",
                lineage=plan.state.lineage() if plan.state else "",
                at=run.action.record.now(),
                given=done.outputs if run.action.recipe.stateless else {},
            ),
        )
        for plan, done in run.done
        if plan.draft is not None
    ]
    if capsules:
        # The first that keeps a state; where none does, the first of all.
        first = next((each for plan, each in capsules if plan.recipe.is_main), capsules[0][1])
        others = tuple(each for _, each in capsules if each is not first)
        kept = dataclasses.replace(first, steps=others)
        run.action.record.keep(kept, _choose_secrets(run), _changes(run))
    return _succeed(run, results)


def _sort(run: StepRun) -> Iterator[Results]:
    for plan, done in run.done:
        rules = plan.recipe.outputs
        program = plan.recipe.program
        if program is not None and not isinstance(program, PulumiProject) and rules is None:
            rules = {}  # what a program gives goes nowhere unless the catalog says so
        resolved = plan.resolved
        by = HandingOn(
            rules,
            variables=plan.interface.variables.keys(),
            applied=resolved.variables,
            specification=run.action.snapshot.specification,
            secret=[v for n, v in resolved.variables.items() if n in resolved.secret],
        )
        yield sort_outputs(done.outputs, by, run.action.tools.redactor)


def _succeed(run: StepRun, results: Results) -> Outcome:
    action, record = run.action, run.action.record
    overruled = dict.fromkeys(n for plan, _ in run.done for n in plan.resolved.notes)
    told = (note for _, done in run.done for note in done.notes)
    for note in results.log_notes:
        run.action.tools.listen(Noticed("warning", note))
    results = dataclasses.replace(results, notes=(*record.notes, *overruled, *told, *results.notes))
    # What is a variable now is the developer's, whatever set it before.
    declared = {name for plan in run.plans for name in plan.interface.variables}
    shown_before = tuple(name for name in record.shown_before() if name not in declared)
    outcome = succeed(
        action.context,
        results,
        changes=_changes(run),
        state_key=run.state_key,
        counted=not action.recipe.stateless or all(d.engine != COMMAND for _, d in run.done),
    )
    return dataclasses.replace(outcome, shown_before=shown_before)


def _changes(run: StepRun) -> Sequence[Change]:
    return [change for _, done in run.done for change in done.changes]


def _choose_secrets(run: StepRun) -> Secrets:
    """Return which secret values may be kept in clear: they lie in clear in a state, too.

    Where there is no state, they would lie in it.
    """
    kept, recipe = Secrets(), run.action.recipe
    clear = [p for p, _ in run.done if p.state and not (p.state.last and p.state.last.encrypted)]
    in_states = {name for plan in clear for name in plan.resolved.withheld}
    for plan, done in run.done:
        if not recipe.keep_secrets or (plan.state and plan not in clear):
            continue
        given = done.outputs if recipe.stateless else {}
        resolved, mark = plan.resolved, plan.recipe.suffix and f"{plan.recipe.suffix}/"
        names = resolved.private if plan.state or recipe.stateless else resolved.private & in_states
        withheld, asked = (
            {f"{mark}{n}": each for n, each in values.items() if n in names}
            for values in (resolved.withheld, resolved.asked)
        )
        kept = Secrets(
            {**kept.variables, **withheld},
            {**kept.asked, **asked},
            {**kept.given, **{f"{mark}{n}": v.value for n, v in given.items() if v.sensitive}},
        )
    return kept

"""The sequence of one action: ask, resolve, check, tell, run, report."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.errors import CancelledError, PurveyorError, ReasonCode
from purveyor.outcome import break_down
from purveyor.provision import custom, infrastructure
from purveyor.provision.admission import turn_away
from purveyor.provision.claim import Attempt, NotOurs, claim
from purveyor.provision.endings import fail, succeed_absent
from purveyor.provision.linked import refuse_linked
from purveyor.provision.local_run import private_workspace, report_cancellation
from purveyor.provision.remembering import find_recipe
from purveyor.provision.variables import learn_secrets
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext
    from purveyor.catalog import Recipe
    from purveyor.notification import FaultyActionError
    from purveyor.outcome import Outcome
    from purveyor.provision.entity_record import EntityRecord
    from purveyor.provision.ports import Ports
    from purveyor.reporter import ActionSnapshot
    from purveyor.step import StepEvent


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the outcome, whether the platform heard it, and notes for the log."""

    outcome: Outcome
    delivered: bool
    notes: tuple[str, ...] = ()


def provision(
    context: ActionContext, ports: Ports, *, fault: FaultyActionError | None = None
) -> Ending:
    """Carry out one action and report how it ended; with a `fault` of its CONTEXT, just that.

    A PurveyorError becomes the outcome; anything else is reported as INTERNAL and raised again.
    """
    began, record, claimed = ports.clock(), None, None
    try:
        snapshot = ports.reporter.read_snapshot(context)
        learn_secrets(ports.redactor, context, snapshot)
        if snapshot.note:
            ports.listen(Noticed(snapshot.level, snapshot.note))
        if (turned_away := turn_away(context, snapshot, fault)) is not None:
            return Ending(turned_away, delivered=True)
        recipe, record = find_recipe(context, ports)
        found = claim(context, recipe, ports)
        if isinstance(found, NotOurs):
            return _pass_on(context, found, ports)
        claimed = found
        with claimed.beating(ports), report_cancellation(claimed.note, context, ports):
            listening = _with_phase_listener(ports, claimed)
            outcome = _attempt(record, recipe, snapshot, listening, claimed)
    except PurveyorError as error:
        outcome = fail(_tell_time_limit(error, ports))
    except BaseException:
        _end(context, break_down(), ports, began, claimed)
        raise
    if claimed is not None and record is not None:
        record.notice_end(outcome)
    return _end(context, outcome, ports, began, claimed)


def _tell_time_limit(error: PurveyorError, ports: Ports) -> PurveyorError:
    if not isinstance(error, CancelledError) or not ports.interruption.timed_out:
        return error
    return CancelledError(
        f"The run reached its time limit. {error.message}",
        reason=ReasonCode.TIMED_OUT,
        hint=f"Give the run more time if it needs it. {error.hint}",
        details=error.details,
        told=error.told.replace("was stopped, as asked,", "reached its time limit and was stopped"),
    )


def _with_phase_listener(ports: Ports, claimed: Attempt) -> Ports:
    def listen(event: StepEvent) -> None:
        claimed.notice(event)
        ports.listen(event)

    return dataclasses.replace(ports, listen=listen)


def _pass_on(context: ActionContext, not_ours: NotOurs, ports: Ports) -> Ending:
    if not_ours.replay is None:
        return Ending(not_ours.outcome, delivered=True)
    delivery = ports.reporter.end(context, not_ours.outcome)
    if delivery.delivered:
        with contextlib.suppress(PurveyorError):  # as at the end of a run of our own
            not_ours.replay.close()
    return Ending(
        not_ours.outcome, delivery.delivered, ("It was carried out before.", *delivery.notes)
    )


def _attempt(
    record: EntityRecord, recipe: Recipe, snapshot: ActionSnapshot, ports: Ports, claimed: Attempt
) -> Outcome:
    context = record.context
    with private_workspace(claimed.note, stop_logins=ports.stop_logins) as workspace:
        run: Callable[[], Outcome]
        if context.operation.by_program:
            run = custom.prepare(context, recipe, ports=ports, workspace=workspace)
        else:
            refuse_linked(context, ports.reporter, record)
            work = infrastructure.look_up(
                context, recipe, ports, record=record, attempt=claimed, workspace=workspace
            )
            run = _infrastructure(work, snapshot, ports)

        _stop_if_asked(ports)
        ports.reporter.begin(context, run_url=ports.run_url)
        return run()


def _infrastructure(
    work: infrastructure.Work, snapshot: ActionSnapshot, ports: Ports
) -> Callable[[], Outcome]:
    if work.absence:
        return lambda: succeed_absent(work.context, work.absence, state_key=work.key.path)
    prepared = infrastructure.prepare(work, snapshot=snapshot, ports=ports)
    return lambda: infrastructure.carry_out(prepared, work.record, ports)


def _stop_if_asked(ports: Ports) -> None:
    if ports.interruption.requested:
        raise CancelledError(
            "The run was cancelled before anything was changed.",
            hint="Start the action again when you want it.",
        )


def _end(
    context: ActionContext,
    outcome: Outcome,
    ports: Ports,
    began: float,
    claimed: Attempt | None = None,
) -> Ending:
    outcome = dataclasses.replace(
        outcome, seconds=ports.clock() - began, run_url=ports.run_url or outcome.run_url
    )
    attempt = claimed or Attempt(None, None)
    if outcome.exit_code:
        outcome = dataclasses.replace(
            outcome, changes=tuple(attempt.changes), state_key=attempt.state_key
        )
    notes: tuple[str, ...] = ()
    try:
        attempt.finish(outcome, at=ports.wall_clock())
    except PurveyorError as error:  # the platform is told all the same
        notes = (f"{error.message} The action's end is not in the journal.",)
    delivery = ports.reporter.end(context, outcome)
    if delivery.delivered:
        with contextlib.suppress(PurveyorError):  # it stays open in the journal, which harms nobody
            attempt.close()
    told = dataclasses.replace(outcome, seconds=ports.clock() - began)
    return Ending(told, delivery.delivered, (*notes, *delivery.notes))

"""The sequence of one action: ask, resolve, check, tell, run, report."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.attempt import Attempt, NotOurs, claim
from purveyor.credentials import LOGIN_FOLDER
from purveyor.errors import CancelledError, PurveyorError, ReasonCode
from purveyor.interruption import tell_signal
from purveyor.journal import Begin
from purveyor.outcome import break_down
from purveyor.provision import custom, infrastructure
from purveyor.provision.admission import turn_away
from purveyor.provision.checks import prepare
from purveyor.provision.endings import fail, succeed_absent
from purveyor.provision.linked import refuse_linked
from purveyor.provision.remembering import find_recipe
from purveyor.provision.steps import carry_out
from purveyor.provision.variables import learn_secrets
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.action import ActionContext
    from purveyor.attempt import EntityRecord
    from purveyor.catalog import Recipe
    from purveyor.notification import FaultyActionError
    from purveyor.outcome import Outcome
    from purveyor.provision.ports import Ports
    from purveyor.reporter import ActionSnapshot
    from purveyor.state_key import StateKey
    from purveyor.step import StepEvent

_LOOK_SECONDS = 0.1
_CANCELLING = "Cancelling: the run was asked to stop, and ends what it has begun."


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
    began, record, claimed = ports.run.clock.clock(), None, None
    try:
        snapshot = ports.reporter.read_snapshot(context)
        learn_secrets(ports.redactor, context, snapshot)
        if snapshot.note:
            ports.listen(Noticed(snapshot.level, snapshot.note))
        if (turned_away := turn_away(context, snapshot, fault)) is not None:
            return Ending(turned_away, delivered=True)
        recipe, record = find_recipe(context, ports)
        in_progress = snapshot.action_status == "in_progress"
        found, key = _claim(context, recipe, ports, in_progress=in_progress)
        if isinstance(found, NotOurs):
            return _pass_on(context, found, ports)
        claimed = found
        with claimed.beating(), _report_cancellation(claimed, context, ports):
            listening = _with_phase_listener(ports, claimed)
            outcome = _carry_out(
                context,
                recipe,
                listening,
                record=record,
                attempt=claimed,
                key=key,
                snapshot=snapshot,
            )
    except PurveyorError as error:
        outcome = fail(_tell_time_limit(error, ports))
    except BaseException:
        _end(context, break_down(), ports, began, claimed)
        raise
    if claimed is not None and record is not None:
        record.notice_end(outcome)
    return _end(context, outcome, ports, began, claimed)


def _claim(
    context: ActionContext, recipe: Recipe, ports: Ports, *, in_progress: bool
) -> tuple[Attempt | NotOurs, StateKey | None]:
    """Claim the action in the journal, which is told where its entity's state lies."""
    journal, key = ports.open_journal(recipe), None
    if journal is not None and not context.operation.by_program:
        with contextlib.suppress(PurveyorError):  # met again by the action
            key = ports.open_backend(recipe).locate(context.entity)
    wanted = Begin(
        action=context.id,
        attempt=1,
        digest=context.digest,
        kind=context.kind.value,
        entity=context.entity.id,
        service=context.service.id,
        operation=context.operation.value,
        state_key=key.path if key is not None else "",
        identity=ports.run.identity,
        at=ports.run.clock.now(),
        slug=context.entity.slug,
        specification=context.entity.specification.id,
        action_specification=context.specification.id,
        token=uuid.uuid4().hex,
        module=", ".join(each.source.name for each in recipe.steps if each.source is not None),
        engine=", ".join(dict.fromkeys(each.engine.name for each in recipe.steps)),
    )
    return claim(wanted, journal=journal, run=ports.run, in_progress=in_progress), key


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


def _carry_out(
    context: ActionContext,
    recipe: Recipe,
    ports: Ports,
    *,
    record: EntityRecord,
    attempt: Attempt,
    key: StateKey | None,
    snapshot: ActionSnapshot,
) -> Outcome:
    with private_workspace(attempt, ports.stop_logins) as workspace:
        run: Callable[[], Outcome]
        if context.operation.by_program:
            run = custom.prepare(context, recipe, ports=ports, workspace=workspace)
        else:
            refuse_linked(context, ports.reporter, record)
            work = infrastructure.look_up(
                context,
                recipe,
                ports,
                record=record,
                attempt=attempt,
                workspace=workspace,
                key=key,
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
    prepared = prepare(work, snapshot=snapshot, ports=ports)
    return lambda: carry_out(prepared)


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
    clock = ports.run.clock.clock
    outcome = dataclasses.replace(
        outcome, seconds=clock() - began, run_url=ports.run_url or outcome.run_url
    )
    notes: tuple[str, ...] = ()
    if claimed is not None:
        if outcome.exit_code:
            changes = tuple(claimed.changes)
            outcome = dataclasses.replace(outcome, changes=changes, state_key=claimed.state_key)
        try:
            claimed.finish(outcome)
        except PurveyorError as error:  # the platform is told all the same
            notes = (f"{error.message} The action's end is not in the journal.",)
    delivery = ports.reporter.end(context, outcome)
    if delivery.delivered and claimed is not None:
        with contextlib.suppress(PurveyorError):  # it stays open in the journal, which harms nobody
            claimed.close()
    told = dataclasses.replace(outcome, seconds=clock() - began)
    return Ending(told, delivery.delivered, (*notes, *delivery.notes))


@contextlib.contextmanager
def private_workspace(attempt: Attempt, stop_logins: Callable[[], None]) -> Iterator[Path]:
    """Make a private directory for the block, and take it away unless it holds an unsaved state."""
    from purveyor.engines.registry import find_leftovers

    folder = Path(tempfile.mkdtemp(prefix="purveyor-"))
    attempt.note_locally(workspace=str(folder))
    try:
        yield folder
    finally:
        stop_logins()  # before their folder goes: a file written meanwhile would stay behind
        shutil.rmtree(folder / LOGIN_FOLDER, ignore_errors=True)
        left = find_leftovers(folder)
        if not (left.unsaved or left.torn):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _report_cancellation(attempt: Attempt, context: ActionContext, ports: Ports) -> Iterator[None]:
    """Note each program, and tell the platform at once when the run is asked to stop."""
    ended = threading.Event()
    interruption = ports.interruption

    def watch() -> None:
        # Not in the signal's handler: it may have interrupted what it would have to wait for.
        while not ended.wait(_LOOK_SECONDS):
            if interruption.signal is not None:
                attempt.note_locally(signal=tell_signal(interruption.signal))
                ports.reporter.say(context, "warn", _CANCELLING)
                return

    interruption.on_program = attempt.note_program
    watcher = threading.Thread(target=watch, daemon=True, name="signal watcher")
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        interruption.on_program = None

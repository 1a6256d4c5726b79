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
from purveyor.errors import CancelledError, CatalogError, PurveyorError, ReasonCode
from purveyor.interruption import tell_signal
from purveyor.journal import Begin
from purveyor.outcome import break_down
from purveyor.provision import custom, infrastructure
from purveyor.provision.admission import refuse_linked, turn_away
from purveyor.provision.checks import prepare
from purveyor.provision.endings import fail, succeed_absent
from purveyor.provision.remembering import open_record, recall_recipe
from purveyor.provision.steps import carry_out
from purveyor.provision.variables import learn_secrets
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.action import ActionContext
    from purveyor.attempt import EntityRecord, Places, ThisRun
    from purveyor.catalog import Recipe
    from purveyor.notification import FaultyActionError
    from purveyor.outcome import Outcome
    from purveyor.provision.step_tools import StepTools
    from purveyor.reporter import ActionSnapshot, Reporter
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioner:
    """Carries out actions and reports how they ended."""

    resolve: Callable[[ActionContext], Recipe]
    outline: Callable[[ActionContext], Recipe]  # of every entity, even a forgotten one
    reporter: Reporter
    open_places: Callable[[Recipe], Places]
    run: ThisRun
    tools: StepTools
    run_url: str = ""

    def provision(
        self, context: ActionContext, *, fault: FaultyActionError | None = None
    ) -> Ending:
        """Carry out one action and report how it ended; with a `fault` of its CONTEXT, just that.

        A PurveyorError becomes the outcome; anything else is reported as INTERNAL and raised again.
        """
        began, record, claimed = self.run.clock.clock(), None, None
        try:
            snapshot = self._read_snapshot(context)
            if (turned_away := turn_away(context, snapshot, fault)) is not None:
                return Ending(turned_away, delivered=True)
            recipe, refusal = self._resolve(context)
            places, now = self.open_places(recipe), self.run.clock.now
            capsules, listen = places.capsules, self.tools.listen
            record = open_record(context, capsules, now=now, listen=listen, refusal=refusal)
            recipe = recall_recipe(recipe, record)
            in_progress = snapshot.action_status == "in_progress"
            found, key = self._claim(context, recipe, places, in_progress=in_progress)
            if isinstance(found, NotOurs):
                return self._pass_on(context, found)
            claimed = found
            with claimed.beating(), self._report_cancellation(claimed, context):
                action = _Action(context, snapshot, recipe, places, record, claimed, key)
                outcome = self._carry_out(action)
        except PurveyorError as error:
            outcome = fail(self._tell_time_limit(error))
        except BaseException:
            self._end(context, break_down(), began, claimed)
            raise
        if claimed is not None and record is not None:
            record.notice_end(outcome)
        return self._end(context, outcome, began, claimed)

    def _read_snapshot(self, context: ActionContext) -> ActionSnapshot:
        snapshot = self.reporter.read_snapshot(context)
        learn_secrets(self.tools.redactor, context, snapshot)
        if snapshot.note:
            self.tools.listen(Noticed(snapshot.level, snapshot.note))
        return snapshot

    def _resolve(self, context: ActionContext) -> tuple[Recipe, CatalogError | None]:
        """Return the recipe; the catalog's outline and its refusal for a forgotten entity."""
        try:
            return self.resolve(context), None
        except CatalogError as error:
            if error.reason is not ReasonCode.MODULE_NOT_FOUND:
                raise
            return self.outline(context), error

    def _claim(
        self, context: ActionContext, recipe: Recipe, places: Places, *, in_progress: bool
    ) -> tuple[Attempt | NotOurs, StateKey | None]:
        """Claim the action in the journal, which is told where its entity's state lies."""
        key = None
        if places.journal is not None and not context.operation.by_program:
            with contextlib.suppress(PurveyorError):  # met again by the action
                key = places.backend.locate(context.entity)
        wanted = Begin(
            action=context.id,
            attempt=1,
            digest=context.digest,
            kind=context.kind.value,
            entity=context.entity.id,
            service=context.service.id,
            operation=context.operation.value,
            state_key=key.path if key is not None else "",
            identity=self.run.identity,
            at=self.run.clock.now(),
            slug=context.entity.slug,
            specification=context.entity.specification.id,
            action_specification=context.specification.id,
            token=uuid.uuid4().hex,
            module=", ".join(each.source.name for each in recipe.steps if each.source is not None),
            engine=", ".join(dict.fromkeys(each.engine.name for each in recipe.steps)),
        )
        journal = places.journal
        return claim(wanted, journal=journal, run=self.run, in_progress=in_progress), key

    def _tell_time_limit(self, error: PurveyorError) -> PurveyorError:
        if not isinstance(error, CancelledError) or not self.tools.interruption.timed_out:
            return error
        stopped = "was stopped, as asked,"
        return CancelledError(
            f"The run reached its time limit. {error.message}",
            reason=ReasonCode.TIMED_OUT,
            hint=f"Give the run more time if it needs it. {error.hint}",
            details=error.details,
            told=error.told.replace(stopped, "reached its time limit and was stopped"),
        )

    def _pass_on(self, context: ActionContext, not_ours: NotOurs) -> Ending:
        outcome = not_ours.outcome
        if not_ours.replay is None:
            return Ending(outcome, delivered=True)
        delivery = self.reporter.end(context, outcome)
        if delivery.delivered:
            with contextlib.suppress(PurveyorError):  # as at the end of a run of our own
                not_ours.replay.close()
        notes = ("It was carried out before.", *delivery.notes)
        return Ending(outcome, delivery.delivered, notes)

    def _carry_out(self, action: _Action) -> Outcome:
        tools = _with_phase_listener(self.tools, action.attempt)
        with private_workspace(action.attempt, tools.logins.stop) as workspace:
            run = self._prepare(action, tools, workspace)
            if tools.interruption.requested:
                raise CancelledError(
                    "The run was cancelled before anything was changed.",
                    hint="Start the action again when you want it.",
                )
            self.reporter.begin(action.context, run_url=self.run_url)
            return run()

    def _prepare(self, action: _Action, tools: StepTools, workspace: Path) -> Callable[[], Outcome]:
        """Check everything that can be checked; return what changes things."""
        context, recipe, places = action.context, action.recipe, action.places
        if context.operation.by_program:
            return custom.prepare(
                context, recipe, backend=places.backend, tools=tools, workspace=workspace
            )
        refuse_linked(context, self.reporter, action.record)
        work = infrastructure.look_up(
            context,
            recipe,
            places,
            record=action.record,
            attempt=action.attempt,
            workspace=workspace,
            key=action.key,
        )
        if work.absence:
            return lambda: succeed_absent(context, work.absence, state_key=work.key.path)
        prepared = prepare(work, snapshot=action.snapshot, tools=tools)
        return lambda: carry_out(prepared)

    def _end(
        self,
        context: ActionContext,
        outcome: Outcome,
        began: float,
        claimed: Attempt | None = None,
    ) -> Ending:
        clock = self.run.clock.clock
        outcome = dataclasses.replace(
            outcome, seconds=clock() - began, run_url=self.run_url or outcome.run_url
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
        delivery = self.reporter.end(context, outcome)
        if delivery.delivered and claimed is not None:
            with contextlib.suppress(PurveyorError):  # it stays open there, which harms nobody
                claimed.close()
        told = dataclasses.replace(outcome, seconds=clock() - began)
        return Ending(told, delivery.delivered, (*notes, *delivery.notes))

    @contextlib.contextmanager
    def _report_cancellation(self, attempt: Attempt, context: ActionContext) -> Iterator[None]:
        """Note each program, and tell the platform at once when the run is asked to stop."""
        ended = threading.Event()
        interruption = self.tools.interruption

        def watch() -> None:
            # Not in the signal's handler: it may have interrupted what it would have to wait for.
            while not ended.wait(_LOOK_SECONDS):
                if interruption.signal is not None:
                    attempt.note_locally(signal=tell_signal(interruption.signal))
                    self.reporter.say(context, "warn", _CANCELLING)
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


@dataclass(frozen=True, slots=True)
class _Action:
    """A claimed action, and what is known of it."""

    context: ActionContext
    snapshot: ActionSnapshot
    recipe: Recipe
    places: Places
    record: EntityRecord
    attempt: Attempt
    key: StateKey | None


def _with_phase_listener(tools: StepTools, attempt: Attempt) -> StepTools:
    def listen(event: StepEvent) -> None:
        attempt.notice(event)
        tools.listen(event)

    return dataclasses.replace(tools, listen=listen)


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

"""The sequence of one action: ask, claim, check, tell, change, report."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.attempt import Attempt
from purveyor.credentials import LOGIN_FOLDER
from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError
from purveyor.journal import Begin
from purveyor.outcome import Outcome, break_down
from purveyor.provision.admission import admit, read_snapshot
from purveyor.provision.checks import check
from purveyor.provision.endings import stop
from purveyor.provision.preview import Preview, conclude, preview_action
from purveyor.provision.recorded_recipe import find_recipe
from purveyor.provision.step_plan import ClaimedAction
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.action import ActionContext
    from purveyor.attempt import EntityRecord, Places, ThisRun
    from purveyor.catalog import Recipe
    from purveyor.notification import FaultyActionError
    from purveyor.provision.preview import StepPreview
    from purveyor.provision.step_tools import StepTools
    from purveyor.reporter import Reporter
    from purveyor.step import StepEvent

_CANCELLING = "Cancelling: the run was asked to stop, and ends what it has begun."


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: the outcome, whether the platform heard it, and notes for the log."""

    outcome: Outcome
    delivered: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioner:
    resolve: Callable[[ActionContext], Recipe]
    outline: Callable[[ActionContext], Recipe]  # of every entity, even a forgotten one
    reporter: Reporter
    open_places: Callable[[Recipe], Places]
    run: ThisRun
    tools: StepTools

    def provision(
        self, context: ActionContext, *, fault: FaultyActionError | None = None
    ) -> Ending:
        """Carry out one action and report how it ended; with a `fault` of its CONTEXT, just that.

        A PurveyorError becomes the outcome; anything else is reported as INTERNAL and raised again.
        """
        here, ending = self.run, Ending(break_down(), delivered=False)
        begin = Begin.of(context, here.identity, at=here.clock.now())
        attempt = Attempt(dataclasses.replace(begin, token=uuid.uuid4().hex), run=here)
        tell_stop = partial(self.reporter.say, context, "warn", _CANCELLING)
        try:
            action = self._claim(context, attempt, fault)
            if isinstance(action, Ending):
                ending = action
            else:
                with (
                    action.record.noticing_failure(),
                    attempt.working(self.tools.interruption, tell_stop),
                    private_workspace(attempt, self.tools.logins.stop) as workspace,
                ):
                    change = check(action, self.reporter, workspace)
                    self.reporter.begin(context, run_url=here.identity.url)
                    ending = Ending(change(), delivered=False)
        except PurveyorError as error:
            outcome = stop(error, timed_out=self.tools.interruption.timed_out)
            ending = Ending(outcome, delivered=False)
        finally:
            if not ending.delivered:
                told, delivery = attempt.report(ending.outcome, partial(self.reporter.end, context))
                ending = Ending(told, delivery.delivered, (*ending.notes, *delivery.notes))
                self.tools.end(told)
        return ending

    def preview(self, context: ActionContext, *, fault: FaultyActionError | None = None) -> Preview:
        """Return what carrying out an action would change; nothing is changed, and nobody told."""
        clock = self.run.clock.clock
        began = clock()
        try:
            if fault is not None:
                raise fault
            found = conclude(context, tuple(self._preview(context)))
        except PurveyorError as error:
            found = Preview(stop(error, timed_out=self.tools.interruption.timed_out))
        return dataclasses.replace(
            found, outcome=dataclasses.replace(found.outcome, seconds=clock() - began)
        )

    def _preview(self, context: ActionContext) -> Iterator[StepPreview]:
        tools, begin = self.tools, Begin.of(context, self.run.identity, at=self.run.clock.now())
        begin = dataclasses.replace(begin, attempt=0)  # it is none: all others are seen
        snapshot = read_snapshot(context, self.reporter, tools.redactor, tools.listen)
        if snapshot.refusal is not None:
            raise snapshot.refusal
        recipe, places, record = self._find_recipe(context)
        attempt = Attempt(begin, run=self.run)
        attempt.journal = places.journal  # it tells of other runs, and nothing is written there
        keeper = partial(places.open_recovery, begin.ref, "")
        action = ClaimedAction(
            *(context, snapshot, recipe, places, record, attempt, tools, None, keeper)
        )
        with private_workspace(attempt, tools.logins.stop) as workspace:
            yield from preview_action(action, self.reporter, workspace)

    def _hear(self, context: ActionContext, event: StepEvent) -> None:
        self.tools.listen(event)
        if isinstance(event, Noticed) and event.level == "progress":
            self.reporter.say(context, "info", event.text)

    def _find_recipe(self, context: ActionContext) -> tuple[Recipe, Places, EntityRecord]:
        return find_recipe(
            context,
            resolve=self.resolve,
            outline=self.outline,
            open_places=self.open_places,
            now=self.run.clock.now,
            listen=self.tools.listen,
        )

    def _claim(
        self, context: ActionContext, attempt: Attempt, fault: PurveyorError | None
    ) -> ClaimedAction | Ending:
        """Claim the action, or say how it ended or will; the journal is told where its state is."""
        redactor, listen = self.tools.redactor, self.tools.listen
        snapshot = admit(context, self.reporter, redactor=redactor, listen=listen, fault=fault)
        if isinstance(snapshot, Outcome):
            return Ending(snapshot, delivered=True)
        recipe, places, record = self._find_recipe(context)
        key = None
        if places.journal is not None and not context.operation.by_program:
            with contextlib.suppress(PurveyorError):  # met again by the action
                key = places.backend.locate(context.entity)
        attempt.begin = dataclasses.replace(
            attempt.begin,
            state_key=key.path if key is not None else "",
            module=", ".join(each.source.name for each in recipe.steps if each.source is not None),
            engine=", ".join(dict.fromkeys(each.engine.name for each in recipe.steps)),
        )
        in_progress = snapshot.action_status == "in_progress"
        not_ours = attempt.claim(places.journal, in_progress=in_progress)
        if not_ours is not None:
            notes = ("It was carried out before.",) if not_ours.replay else ()
            return Ending(not_ours.outcome, delivered=not not_ours.replay, notes=notes)
        tools = dataclasses.replace(
            self.tools, listen=attempt.overhear(partial(self._hear, context))
        )
        begin = attempt.begin
        owner = f"{begin.action}@{begin.attempt}" if attempt.journal is not None else ""
        keeper = partial(places.open_recovery, begin.ref, owner)
        return ClaimedAction(context, snapshot, recipe, places, record, attempt, tools, key, keeper)


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

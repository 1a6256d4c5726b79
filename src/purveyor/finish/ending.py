"""From what a run left to an ending that the platform has heard."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import PlatformError, PurveyorError, RecoveryError
from purveyor.finish.remains import Remains, Rescuer, remove_workspace, rescue_left
from purveyor.finish.waiting import Left, Processes, await_run
from purveyor.finish.wording import in_doubt, lost, not_started, still_working
from purveyor.journal import Answer, Begin, Claimed, await_approval, keep_outcome, recall_outcome
from purveyor.outcome import break_down, fail
from purveyor.reporter.model import FINISHED, UNAPPROVED
from purveyor.state_key import StateKey, step_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext
    from purveyor.attempt import LocalRun, Places, ThisRun
    from purveyor.catalog import Recipe, StepRecipe
    from purveyor.journal import ApprovalRequest, End, Journal
    from purveyor.outcome import Outcome
    from purveyor.reporter import Reporter
    from purveyor.step import Engine

_DONE, _UNREPORTED, _A_PERSON = 0, PlatformError.exit_code, RecoveryError.exit_code
_ELSEWHERE = "Another run carries this action out."
_PARKED = "The action waits for an approval."


@dataclass(frozen=True, slots=True)
class Finished:
    """What had to be done. `outcome` is what the platform was told, None when all was well."""

    exit_code: int = _DONE
    outcome: Outcome | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of the action: the catalog's answer, the journal's, and this machine's."""

    context: ActionContext
    recipe: Recipe | None
    places: Places | None
    begin: Begin | None
    end: End | None
    reported: bool
    run: LocalRun | None
    left: Left
    request: ApprovalRequest | None = None  # while it waits for an approval

    @property
    def journal(self) -> Journal | None:
        return None if self.places is None else self.places.journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    run: ThisRun
    reporter: Reporter
    resolve: Callable[[ActionContext], Recipe]
    open_places: Callable[[Recipe], Places]
    open_engine: Callable[[StepRecipe], Engine]
    say: Callable[[str], None]
    wait: float  # how long to wait for what still works, in seconds
    cancelled: bool = False  # the CI says so of the job
    rejects: str = ""  # who ends the action if it waits for an approval; empty for nobody
    processes: Processes = field(default_factory=Processes)

    def finish(self, context: ActionContext) -> Finished:
        """Make sure that the action has an ending; nothing happens when it has one.

        A success is never made a failure: what ended is told as it ended, and what the platform
        shows as ended is left alone.
        """
        run, left = self.run.local_runs.read(context.id), Left.NOTHING
        if run is not None:
            left = await_run(run, self.run, processes=self.processes, wait=self.wait, say=self.say)
        if left is Left.RUN:
            note = "The run is still at work: it will tell the platform itself how it ends."
            return Finished(_A_PERSON, notes=(note,))
        try:
            return self._close(self._look(context, left))
        except PurveyorError:
            raise
        except Exception:
            # A success that the run has noted stays one; what nobody expected is told all the same.
            run = self.run.local_runs.read(context.id)
            told = recall_outcome(run.end) if run and run.end else break_down()
            self.reporter.end(context, told)
            raise

    def _look(self, context: ActionContext, left: Left) -> _Found:
        run = self.run.local_runs.read(context.id)
        end = run.end if run else None
        nothing = _Found(context, None, None, None, end, reported=False, run=run, left=left)
        try:
            recipe = self.resolve(context)
            places = self.open_places(recipe)
        except PurveyorError:  # then the run could not begin either, and nothing is in a journal
            return nothing
        last = places.journal.last(context.id) if places.journal is not None else None
        if places.journal is None or last is None:
            return dataclasses.replace(nothing, recipe=recipe, places=places)
        rejected = Answer.REJECTED if self.rejects else None
        last = places.journal.settle(last, rejected, by=self.rejects)
        begin, end = last.begin, last.end
        if end is None and run is not None and run.end is not None and run.attempt == begin.attempt:
            end = run.end
            with contextlib.suppress(PurveyorError):
                places.journal.end(begin, end)
        return _Found(context, recipe, places, begin, end, last.reported, run, left, last.parked)

    def _close(self, found: _Found) -> Finished:
        if found.reported:  # even where the journal could not be told the end
            self._clean(found)
            return Finished()
        if found.end is not None:
            return self._tell(found, recall_outcome(found.end))
        if found.begin is not None and found.request is not None:
            if found.run is not None:  # it was killed before it could say so
                self.reporter.end(found.context, await_approval(found.begin, found.request))
            self._clean(found)
            return Finished(notes=(_PARKED,))
        if found.begin is not None and not self._is_ours(found.begin, found.run):
            return Finished(notes=(_ELSEWHERE,))
        if found.begin is not None or found.run is not None:
            return self._close_lost(found)
        return self._close_unbegun(found)

    def _is_ours(self, begin: Begin, run: LocalRun | None) -> bool:
        """Return whether the attempt's run worked on this machine; it is gone then."""
        if run is not None and run.attempt == begin.attempt:
            return True
        here, there = self.run.identity, begin.identity
        same = here.boot != "" and (here.host, here.boot) == (there.host, there.boot)
        return same and not self.processes.is_same(there.pid, "")

    def _close_lost(self, found: _Found) -> Finished:
        """End an attempt whose run is gone, after its unsaved state is saved or kept."""
        run, outcome = found.run, self._judge_lost(found)
        end = keep_outcome(outcome, at=self.run.clock.now())
        if self.reporter.read_snapshot(found.context).action_status in FINISHED:
            pass  # the journal must not say otherwise than what was told
        elif found.journal is not None and found.begin is not None:
            if not found.journal.end(found.begin, end):
                return self.finish(found.context)  # somebody has ended it meanwhile
            if found.journal.is_followed(found.begin):
                return Finished(notes=(_ELSEWHERE,))
        elif run is not None:
            self.run.local_runs.write(dataclasses.replace(run, end=end))
        told = self._tell(found, outcome)
        needs_person = outcome.exit_code == _A_PERSON and told.exit_code == _DONE
        return dataclasses.replace(told, exit_code=_A_PERSON) if needs_person else told

    def _judge_lost(self, found: _Found) -> Outcome:
        run, rescuer, entity = found.run, None, found.context.entity
        if found.left is Left.ENGINE:
            return self._fail(still_working())
        if found.recipe is not None and found.places is not None:
            rescuer = Rescuer(entity, found.recipe, found.places, self.open_engine)
        remains = rescue_left(run, rescuer) if run else Remains()
        if remains.safe and _is_doubtful(found, remains):
            return self._fail(in_doubt(remains.notes, entity=f"{entity.kind}/{entity.id}"))
        cancelled = self.cancelled or bool(run and run.signal)
        return self._fail(lost(remains.notes, safe=remains.safe, cancelled=cancelled))

    def _fail(self, error: PurveyorError) -> Outcome:
        return dataclasses.replace(fail(error), run_url=self.run.identity.url)

    def _close_unbegun(self, found: _Found) -> Finished:
        """Tell that nothing was begun, where that is certain."""
        snapshot = self.reporter.read_snapshot(found.context)
        if snapshot.refusal is not None:
            raise snapshot.refusal
        if snapshot.action_status in {*FINISHED, *UNAPPROVED}:
            return Finished()
        if snapshot.action_status is None:
            return Finished(_UNREPORTED, notes=(snapshot.note,))
        if snapshot.action_status != "pending" and found.journal is None:
            # Without a journal a run elsewhere cannot be told from one that never was.
            return Finished(notes=("The platform says that a run carries this action out.",))
        outcome = self._fail(not_started(cancelled=self.cancelled))
        if found.journal is not None:
            begin = self._take(found.context, found.journal, outcome)
            if begin is None:
                return Finished(notes=(_ELSEWHERE,))
            found = dataclasses.replace(found, begin=begin)
        return self._tell(found, outcome)

    def _take(self, context: ActionContext, journal: Journal, outcome: Outcome) -> Begin | None:
        """Take an action to end it, so that no other run takes it meanwhile; None if one has."""
        begin = Begin.of(context, self.run.identity, at=self.run.clock.now())
        wanted = dataclasses.replace(begin, digest="")  # nothing is worked on
        claimed = journal.claim(wanted, is_dead=lambda _: None)
        if not isinstance(claimed, Claimed):
            return None
        journal.end(claimed.begin, keep_outcome(outcome, at=wanted.at))
        return None if journal.is_followed(claimed.begin) else claimed.begin

    def _tell(self, found: _Found, outcome: Outcome) -> Finished:
        snapshot = self.reporter.read_snapshot(found.context)
        notes: tuple[str, ...] = ()
        if snapshot.action_status not in FINISHED:
            delivery = self.reporter.end(found.context, outcome)
            if not delivery.delivered:
                no = snapshot.refusal
                notes = (f"{no.message} {no.hint}",) if no else delivery.notes
                return Finished(no.exit_code if no else _UNREPORTED, outcome, notes)
            notes = delivery.notes
        if found.journal is not None and found.begin is not None:
            with contextlib.suppress(PurveyorError):  # told twice at worst
                if _leaves_lock(found):
                    found.journal.mark_reported(found.begin)
                else:
                    found.journal.close(found.begin)
        self._clean(found)
        return Finished(_DONE, outcome, notes)

    def _clean(self, found: _Found) -> None:
        """Remove what the run left; what a living engine needs stays."""
        if found.run is not None and found.left is Left.NOTHING:
            remove_workspace(found.run)
            self.run.local_runs.remove(found.run.action)


def _is_doubtful(found: _Found, remains: Remains) -> bool:
    """Tell whether the attempt's marker stands for a reason; take it away where it does not.

    A state that is kept has its own way to settle it: the run that saves it.
    """
    if found.journal is None or found.begin is None:
        return False
    markers = found.journal.markers
    if not markers.is_set(found.begin):
        return False
    if remains.whole:
        markers.remove(found.begin)
    return not remains.whole


def _leaves_lock(found: _Found) -> bool:
    """Tell whether a lock is on the state of a lost run: then a sweep has to see the action."""
    if found.recipe is None or found.places is None or found.context.operation.by_program:
        return False
    backend = found.places.backend
    main = backend.locate(found.context.entity)
    further = (step_path(main.path, s.suffix) for s in found.recipe.steps if s.source and s.suffix)
    keys = [main, *(StateKey(path, exists=True) for path in further)]
    return any(backend.access(key).holder() is not None for key in keys)

"""From what a run left to an ending that the platform has heard."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.errors import PurveyorError
from purveyor.finish.remains import Remains, remove_workspace, rescue_left
from purveyor.finish.waiting import Left, await_run
from purveyor.finish.wording import in_doubt, lost, not_started, still_working
from purveyor.journal import keep_outcome, recall_outcome
from purveyor.outcome import break_down
from purveyor.reporter.model import FINISHED, UNAPPROVED

if TYPE_CHECKING:
    from purveyor.action import ActionContext
    from purveyor.attempt.local_run import LocalRun
    from purveyor.catalog import Recipe
    from purveyor.finish.ports import Ports
    from purveyor.journal import Begin, End, Journal
    from purveyor.outcome import Outcome

_DONE, _UNREPORTED, _A_PERSON = 0, 17, 19


@dataclass(frozen=True, slots=True)
class Finished:
    """What had to be done. `outcome` is what the platform was told, None when all was well."""

    exit_code: int = _DONE
    outcome: Outcome | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of the action: the catalog's answer, the journal's, and this machine's."""

    recipe: Recipe | None
    journal: Journal | None
    begin: Begin | None
    end: End | None
    reported: bool
    run: LocalRun | None
    left: Left


def finish(context: ActionContext, ports: Ports) -> Finished:
    """Make sure that the action has an ending; nothing happens when it has one.

    A success is never made a failure: what ended is told as it ended, and what the platform shows
    as ended is left alone.
    """
    run = ports.local_runs.read(context.id)
    left = await_run(run, ports) if run is not None else Left.NOTHING
    if left is Left.RUN:
        note = "The run is still at work: it will tell the platform itself how it ends."
        return Finished(_A_PERSON, notes=(note,))
    try:
        return _close(context, ports, left)
    except PurveyorError:
        raise
    except Exception:
        # A success that the run has noted stays one; what nobody expected is told all the same.
        run = ports.local_runs.read(context.id)
        ports.reporter.end(context, recall_outcome(run.end) if run and run.end else break_down())
        raise


def _close(context: ActionContext, ports: Ports, left: Left) -> Finished:
    found = _look(context, ports, left)
    if found.end is not None:
        return _tell_again(context, found, found.end, ports)
    if found.begin is not None and not _is_ours(found.begin, found.run, ports):
        return Finished(notes=("Another run carries this action out.",))
    if found.begin is not None or found.run is not None:
        return _close_lost(context, found, ports)
    return _close_unbegun(context, found, ports)


def _look(context: ActionContext, ports: Ports, left: Left) -> _Found:
    run = ports.local_runs.read(context.id)
    try:
        recipe = ports.resolve(context)
        journal = ports.open_journal(recipe)
    except PurveyorError:  # then the run could not begin either, and nothing is in a journal
        return _Found(
            None, None, None, run.end if run else None, reported=False, run=run, left=left
        )
    last = journal.last(context.id) if journal is not None else None
    if last is None:
        end = run.end if run else None
        return _Found(recipe, journal, None, end, reported=False, run=run, left=left)
    begin, end = last.begin, last.end
    if end is None and run is not None and run.end is not None and run.attempt == begin.attempt:
        end = run.end
        assert journal is not None  # noqa: S101 - it has just answered
        with contextlib.suppress(PurveyorError):
            journal.end(begin, end)
    return _Found(recipe, journal, begin, end, reported=last.reported, run=run, left=left)


def _is_ours(begin: Begin, run: LocalRun | None, ports: Ports) -> bool:
    """Return whether the attempt's run worked on this machine; it is gone then."""
    if run is not None and run.attempt == begin.attempt:
        return True
    here, there = ports.identity, begin.identity
    same = here.boot != "" and (here.host, here.boot) == (there.host, there.boot)
    return same and not process.is_same(there.pid, "")


def _tell_again(context: ActionContext, found: _Found, end: End, ports: Ports) -> Finished:
    if found.reported:
        _clean(found, ports)
        return Finished()
    return _tell(context, recall_outcome(end), found, ports)


def _close_lost(context: ActionContext, found: _Found, ports: Ports) -> Finished:
    """End an attempt whose run is gone, after its unsaved state is saved or kept."""
    run = found.run
    if found.left is Left.ENGINE:
        outcome = still_working()
    else:
        remains = rescue_left(run, context, found.recipe, ports) if run else Remains()
        cancelled = ports.cancelled or bool(run and run.signal)
        if remains.safe and _is_doubtful(found, remains):
            outcome = in_doubt(remains.notes, entity=f"{context.kind}/{context.entity.id}")
        else:
            outcome = lost(remains.notes, safe=remains.safe, cancelled=cancelled)
    outcome = dataclasses.replace(outcome, run_url=ports.run_url)
    if found.journal is not None and found.begin is not None:
        if not found.journal.end(found.begin, keep_outcome(outcome, at=ports.wall_clock())):
            return finish(context, ports)  # somebody has ended it meanwhile
    elif run is not None:
        ports.local_runs.write(
            dataclasses.replace(run, end=keep_outcome(outcome, at=ports.wall_clock()))
        )
    told = _tell(context, outcome, found, ports)
    needs_person = outcome.exit_code == _A_PERSON and told.exit_code == _DONE
    return dataclasses.replace(told, exit_code=_A_PERSON) if needs_person else told


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


def _close_unbegun(context: ActionContext, found: _Found, ports: Ports) -> Finished:
    """Tell that nothing was begun, where that is certain."""
    snapshot = ports.reporter.read_snapshot(context)
    if snapshot.refusal is not None:
        raise snapshot.refusal
    if snapshot.action_status in {*FINISHED, *UNAPPROVED}:
        return Finished()
    if snapshot.action_status is None:
        return Finished(_UNREPORTED, notes=(snapshot.note,))
    if snapshot.action_status != "pending" and found.journal is None:
        # Without a journal a run elsewhere cannot be told from one that never was.
        return Finished(notes=("The platform says that a run carries this action out.",))
    outcome = dataclasses.replace(not_started(cancelled=ports.cancelled), run_url=ports.run_url)
    delivery = ports.reporter.end(context, outcome)
    return Finished(_DONE if delivery.delivered else _UNREPORTED, outcome, delivery.notes)


def _tell(context: ActionContext, outcome: Outcome, found: _Found, ports: Ports) -> Finished:
    snapshot = ports.reporter.read_snapshot(context)
    notes: tuple[str, ...] = ()
    if snapshot.action_status not in FINISHED:
        delivery = ports.reporter.end(context, outcome)
        if not delivery.delivered:
            no = snapshot.refusal
            notes = (f"{no.message} {no.hint}",) if no else delivery.notes
            return Finished(no.exit_code if no else _UNREPORTED, outcome, notes)
        notes = delivery.notes
    if found.journal is not None and found.begin is not None:
        with contextlib.suppress(PurveyorError):  # told twice at worst
            if _leaves_lock(context, found, ports):
                found.journal.mark_reported(found.begin)
            else:
                found.journal.close(found.begin)
    _clean(found, ports)
    return Finished(_DONE, outcome, notes)


def _leaves_lock(context: ActionContext, found: _Found, ports: Ports) -> bool:
    """Tell whether a lock is on the state of a lost run: then a sweep has to see the action."""
    if found.recipe is None or context.operation.by_program:
        return False
    backend = ports.open_backend(found.recipe)
    return backend.access(backend.locate(context.entity)).holder() is not None


def _clean(found: _Found, ports: Ports) -> None:
    """Remove what the run left; what a living engine needs stays."""
    if found.run is not None and found.left is Left.NOTHING:
        remove_workspace(found.run)
        ports.local_runs.remove(found.run.action)

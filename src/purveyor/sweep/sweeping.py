"""One sweep: what is open gets its ending, then locks of the dead are freed, then the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import CredentialsError, PurveyorError
from purveyor.sweep.actions import find, settle
from purveyor.sweep.liveness import Judged, Liveness
from purveyor.sweep.locks import find_suspects, free, look
from purveyor.sweep.model import Swept, SweptAction, SweptLock
from purveyor.sweep.searching import search
from purveyor.sweep.unclaimed import is_sweeps, resume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.sweep.locks import Held
    from purveyor.sweep.model import Sweeper


def sweep(sweeper: Sweeper) -> Swept:
    """Look at every open action once. Two sweeps at once do nothing twice.

    Its cost grows with what is open, not with what was ever done. Raise CredentialsError or
    RecoveryError when the store lets nobody in; a fault of one action leaves the others alone. The
    search for actions that no run took comes last, so that it meets a journal that is in order.
    """
    judged: list[Judged] = []
    actions: list[SweptAction] = []
    for action in sorted(sweeper.journal.open_actions()):
        try:
            found = find(action, sweeper)
            if isinstance(found, Judged):
                if not is_sweeps(found):  # which holds no lock
                    judged.append(found)
                found = _settle(found, sweeper)
        except CredentialsError:
            raise
        except (PurveyorError, ValueError, KeyError) as error:
            found = _puzzle(action, error)
        actions.append(found)
    locks = tuple(_free_locks(judged, sweeper))
    if not sweeper.dry_run:
        _forget(actions, locks, sweeper)
    if sweeper.search is None:
        return Swept(tuple(actions), locks)
    unclaimed, places = search(sweeper.search, sweeper)
    return Swept((*actions, *unclaimed), locks, places)


def _settle(judged: Judged, sweeper: Sweeper) -> SweptAction:
    if is_sweeps(judged) and judged.liveness is Liveness.DEAD:
        return resume(judged, sweeper)
    return settle(judged, sweeper)


def _free_locks(judged: Sequence[Judged], sweeper: Sweeper) -> Sequence[SweptLock]:
    held: list[Held] = []
    faults: list[SweptLock] = []
    for suspect in find_suspects(judged, sweeper):
        try:
            found = look(suspect, judged, sweeper)
        except PurveyorError as error:
            begin = suspect.attempted.begin
            where = f"{begin.kind} {begin.entity}"
            words = (begin.action, error.message, error.hint, suspect.run_url)
            faults.append(SweptLock(where, "", "", *words, needs_person=True))
            continue
        if found is not None:
            held.append(found)
    return [*faults, *free(held, sweeper)]


def _forget(actions: Sequence[SweptAction], locks: Sequence[SweptLock], sweeper: Sweeper) -> None:
    """Take what is closed off the list; an action whose lock is left stays, to be seen again."""
    left = {each.action for each in locks if each.needs_person}
    for each in actions:
        if each.closed and each.action not in left:
            sweeper.journal.forget(each.action, attempt=each.attempt)


def _puzzle(action: str, error: Exception) -> SweptAction:
    words = error.message if isinstance(error, PurveyorError) else "its records cannot be read"
    return SweptAction(action, 0, words, "look at the journal", needs_person=True)

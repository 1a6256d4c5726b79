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
    from purveyor.sweep.model import Ports


def sweep(ports: Ports) -> Swept:
    """Look at every open action once. Two sweeps at once do nothing twice.

    Its cost grows with what is open, not with what was ever done. Raise CredentialsError or
    RecoveryError when the store lets nobody in; a fault of one action leaves the others alone. The
    search for actions that no run took comes last, so that it meets a journal that is in order.
    """
    judged: list[Judged] = []
    actions: list[SweptAction] = []
    for action in sorted(ports.journal.open_actions()):
        try:
            found = find(action, ports)
            if isinstance(found, Judged):
                if not is_sweeps(found):  # which holds no lock
                    judged.append(found)
                found = _settle(found, ports)
        except CredentialsError:
            raise
        except (PurveyorError, ValueError, KeyError) as error:
            found = _puzzle(action, error)
        actions.append(found)
    locks = tuple(_free_locks(judged, ports))
    if not ports.dry_run:
        _forget(actions, locks, ports)
    if ports.search is None:
        return Swept(tuple(actions), locks)
    unclaimed, places = search(ports.search, ports)
    return Swept((*actions, *unclaimed), locks, places)


def _settle(judged: Judged, ports: Ports) -> SweptAction:
    if is_sweeps(judged) and judged.liveness is Liveness.DEAD:
        return resume(judged, ports)
    return settle(judged, ports)


def _free_locks(judged: Sequence[Judged], ports: Ports) -> Sequence[SweptLock]:
    held: list[Held] = []
    faults: list[SweptLock] = []
    for suspect in find_suspects(judged, ports):
        try:
            found = look(suspect, judged, ports)
        except PurveyorError as error:
            begin = suspect.attempted.begin
            where = f"{begin.kind} {begin.entity}"
            words = (begin.action, error.message, error.hint, suspect.run_url)
            faults.append(SweptLock(where, "", "", *words, needs_person=True))
            continue
        if found is not None:
            held.append(found)
    return [*faults, *free(held, ports)]


def _forget(actions: Sequence[SweptAction], locks: Sequence[SweptLock], ports: Ports) -> None:
    """Take what is closed off the list; an action whose lock is left stays, to be seen again."""
    left = {each.action for each in locks if each.needs_person}
    for each in actions:
        if each.closed and each.action not in left:
            ports.journal.forget(each.action, attempt=each.attempt)


def _puzzle(action: str, error: Exception) -> SweptAction:
    words = error.message if isinstance(error, PurveyorError) else "its records cannot be read"
    return SweptAction(action, 0, words, "look at the journal", needs_person=True)

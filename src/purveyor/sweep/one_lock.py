"""One lock that somebody asks about: whose it is, and whether its holder is certainly dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.sweep.judging import Judged, judge
from purveyor.sweep.locks import Suspect, find_doubt, find_suspects, is_tied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.lock import Lock
    from purveyor.sweep.model import Ports


@dataclass(frozen=True, slots=True)
class LockVerdict:
    """Whether a lock's holder is certainly dead, and what is known of it in one sentence."""

    dead: bool
    words: str


def judge_lock(lock: Lock, *, kind: str, entity: str, ports: Ports) -> LockVerdict:
    """Judge a lock by the action that was begun last on its entity; what is not tied is not dead.

    An attempt that has written its end may have left the lock all the same; while its CI run goes
    on, or when nobody knows, that stays for a person.
    """
    action = ports.journal.last_action(kind, entity)
    attempts = ports.history.attempts(action) if action else ()
    if not attempts:
        return LockVerdict(False, "The journal does not know who holds it.")
    judged = [judge(attempts[-1], ports)]
    for suspect in _tied(lock, judged, ports):
        doubt = suspect.doubt or find_doubt(lock, suspect, judged, ports)
        where = suspect.run_url or suspect.attempted.begin.identity.host
        number = suspect.attempted.begin.attempt
        whose = f"It is of attempt {number} of action {action} ({where})"
        if not doubt:
            return LockVerdict(True, f"{whose}, which is certainly over.")
        return LockVerdict(False, f"{whose}: {doubt}.")
    last = judged[0]
    return LockVerdict(
        False, f"The last run there ({last.run_url}) is {last.standing.value}; it may be another's."
    )


def _tied(lock: Lock, judged: list[Judged], ports: Ports) -> Iterator[Suspect]:
    return (each for each in find_suspects(judged, ports) if is_tied(lock, each.attempted))

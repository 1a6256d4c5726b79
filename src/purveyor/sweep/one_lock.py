"""One lock that somebody asks about: whose it is, and whether its holder is certainly dead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.sweep.liveness import Judged, judge
from purveyor.sweep.locks import find_doubt, find_suspects

if TYPE_CHECKING:
    from purveyor.entity import EntityRef
    from purveyor.journal import AttemptRecord
    from purveyor.lock import Lock
    from purveyor.sweep.model import Sweeper


@dataclass(frozen=True, slots=True)
class LockVerdict:
    """Whether a lock's holder is certainly dead, and what is known of it in one sentence."""

    dead: bool
    words: str


def judge_lock(lock: Lock, *, entity: EntityRef, sweeper: Sweeper) -> LockVerdict:
    """Judge a lock by the action that was begun last on its entity, and by those that are in doubt.

    What is not tied to one of them is not dead.

    An attempt that has written its end may have left the lock all the same; while its CI run goes
    on, or when nobody knows, that stays for a person.
    """
    last = sweeper.journal.last_action(entity)
    doubted = [each.action for each in sweeper.journal.markers.find(entity)]
    actions = dict.fromkeys([last, *doubted] if last else doubted)
    attempts = [sweeper.journal.attempts(each) for each in actions]
    judged = [judge(each[-1], sweeper) for each in attempts if each]
    if not judged:
        return LockVerdict(False, "The journal does not know who holds it.")
    for suspect in (
        each for each in find_suspects(judged, sweeper) if each.attempted.may_hold(lock)
    ):
        doubt = suspect.doubt or find_doubt(lock, suspect, judged, sweeper)
        whose = f"It is of {_name(suspect.attempted, suspect.run_url)}"
        end = f": {doubt}" if doubt else ", which is certainly over"
        return LockVerdict(not doubt, f"{whose}{end}.{_settled(suspect.attempted, sweeper)}")
    first = judged[0]
    tied = first.attempted.may_hold(lock) and first.attempted.end is None
    lead, rest = ("It is of", "") if tied else ("The last run there is", "; it may be another's")
    whose = f"{lead} {_name(first.attempted, first.run_url)}, {_fate(first)}{rest}."
    return LockVerdict(False, whose + _settled(first.attempted, sweeper))


def _name(attempted: AttemptRecord, url: str) -> str:
    begin = attempted.begin
    where = url or begin.identity.host or "an unknown machine"
    return f"attempt {begin.attempt} of action {begin.action} ({where}, begun {_moment(begin.at)})"


def _fate(judged: Judged) -> str:
    if judged.attempted.end is not None:
        return f"ended {_moment(judged.attempted.end.at)} as {judged.attempted.end.reason}"
    return f"{judged.liveness.value} ({judged.run.conclusion})"


def _settled(attempted: AttemptRecord, sweeper: Sweeper) -> str:
    settled = sweeper.journal.markers.was_settled(attempted.begin)
    return " Somebody has settled what it left." if settled else ""


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"

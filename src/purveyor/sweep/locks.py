"""Locks that dead runs left behind: tied to their attempt, looked at twice, freed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError
from purveyor.lock import describe_lock
from purveyor.state_key import StateKey, step_path
from purveyor.sweep.liveness import Judged, Liveness
from purveyor.sweep.model import SweptLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.journal import AttemptRecord
    from purveyor.lock import Lock
    from purveyor.sweep.model import Sweeper

BETWEEN_LOOKS = 2.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """An attempt that may have left a lock; `doubt` says why it is not certainly dead."""

    attempted: AttemptRecord
    run_url: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that is a suspect's; `doubt` says why it must not be freed, empty when it may."""

    suspect: Suspect
    key: StateKey
    lock: Lock
    doubt: str


@dataclass(frozen=True, slots=True)
class _Owner:
    kind: str
    id: str
    slug: str


def find_suspects(judged: Sequence[Judged], sweeper: Sweeper) -> Iterator[Suspect]:
    """Name the attempts that are over, or may be; also those that a later one took over from."""
    for each in judged:
        begin = each.attempted.begin
        left = each.liveness is Liveness.CLOSED and each.attempted.end is not None
        if each.over:
            yield Suspect(each.attempted, each.run_url)
        elif left or each.liveness is Liveness.UNKNOWN:
            yield Suspect(each.attempted, each.run_url, "whether its run lives is not known")
        if begin.attempt > 1:
            # A later attempt begins only over one that is certainly over.
            for earlier in sweeper.journal.attempts(begin.action):
                if earlier.begin.attempt < begin.attempt:
                    yield Suspect(earlier, earlier.begin.identity.url)


def look(suspect: Suspect, judged: Sequence[Judged], sweeper: Sweeper) -> Held | None:
    """Return the lock that a suspect holds; None when its state is free, or held by another."""
    begin = suspect.attempted.begin
    path = suspect.attempted.end.state_key if suspect.attempted.end else begin.state_key
    key = (
        StateKey(path, exists=True)
        if path
        else sweeper.states.locate(_Owner(begin.kind, begin.entity, begin.slug))
    )
    for step in _find_steps(suspect, sweeper):
        place = StateKey(step_path(key.path, step), exists=True) if step else key
        lock = sweeper.states.access(place).holder()
        if lock is not None and suspect.attempted.may_hold(lock):
            doubt = suspect.doubt or find_doubt(lock, suspect, judged, sweeper)
            return Held(suspect, place, lock, doubt)
    return None


def _find_steps(suspect: Suspect, sweeper: Sweeper) -> Iterator[str]:
    """Yield the steps that may have been under way; the first that keeps a state is the empty one.

    The last beat may be older than the step: the marker is set before a step changes anything.
    """
    beat, begin = suspect.attempted.beat, suspect.attempted.begin
    step, further, _ = (beat.phase if beat else "").partition("/")
    yield from ("", *([step] if further else []))
    for marker in sweeper.journal.markers.find(begin.ref):
        if (marker.action, marker.attempt) == (begin.action, begin.attempt) and marker.step:
            yield marker.step


def free(held: Sequence[Held], sweeper: Sweeper) -> Iterator[SweptLock]:
    """Free what is provably dead and still the same after a while; name the others."""
    if not sweeper.dry_run and any(not each.doubt for each in held):
        sweeper.clock.pause(BETWEEN_LOOKS)
    for each in held:
        yield _free(each, sweeper)


def _free(held: Held, sweeper: Sweeper) -> SweptLock:
    if held.doubt:
        return _tell(held, held.doubt, "look at its run", sweeper, needs_person=True)
    if sweeper.dry_run:
        return _tell(held, "its holder is dead", "would be freed", sweeper)
    try:
        now = sweeper.states.access(held.key).holder()
        if now is None or now.id != held.lock.id:
            return _tell(held, "its holder is dead", "gone meanwhile", sweeper)
        freed = sweeper.states.unlock(held.key, held.lock.id)
    except PurveyorError as error:
        return _tell(held, "its holder is dead", error.message, sweeper, needs_person=True)
    return _tell(held, "its holder is dead", "freed" if freed else "gone meanwhile", sweeper)


def find_doubt(lock: Lock, suspect: Suspect, judged: Sequence[Judged], sweeper: Sweeper) -> str:
    """Say why the holder may be alive after all; empty when it is dead for certain."""
    beat, identity = suspect.attempted.beat, suspect.attempted.begin.identity
    proven = beat is not None and bool(beat.lock_id)
    if not lock.id:
        return "the backend does not tell which lock it is"
    if not proven and (lock.since is None or not lock.host):
        return "the lock does not tell whose it is"
    if identity.ci == "terminal" and sweeper.engine_runs_here():
        return "an engine still runs on this machine"
    if not proven and any(_rivals(each, lock, suspect) for each in judged):
        return "another open action on the same state may hold it"
    return ""


def _rivals(other: Judged, lock: Lock, suspect: Suspect) -> bool:
    mine, theirs = suspect.attempted.begin, other.attempted.begin
    same = (mine.kind, mine.entity) == (theirs.kind, theirs.entity)
    return same and mine != theirs and not other.over and other.attempted.may_hold(lock)


def _tell(
    held: Held, found: str, done: str, sweeper: Sweeper, *, needs_person: bool = False
) -> SweptLock:
    created = held.lock.since
    return SweptLock(
        key=held.key.path,
        slug=held.suspect.attempted.begin.slug,
        lock_id=held.lock.id,
        holder=describe_lock(held.lock),
        action=held.suspect.attempted.begin.action,
        found=found,
        done=done,
        run_url=held.suspect.run_url,
        age=None if created is None else max(0.0, sweeper.clock.now() - created),
        needs_person=needs_person,
    )

"""Looks through all states of a backend for what would stop a run or build twice."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from purveyor.backends.model import MOVED
from purveyor.dataclass import dataclass
from purveyor.lock import describe_lock
from purveyor.state_key import IDENTITY_OUTPUT, JOURNAL, SUFFIX, identity
from purveyor.states.entity import Named
from purveyor.states.listing import look_into

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends import Backend
    from purveyor.backends.model import ListedState, LockTrace
    from purveyor.state_key import KeyScheme
    from purveyor.states.listing import Look

_BOTH = {"object", "item"}
_SHOWN = 160


class Level(StrEnum):
    """A problem makes the look end badly; a note does not."""

    PROBLEM = "problem"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed, where, and its fix. `code` is a stable name of its kind."""

    level: Level
    code: str
    where: str
    text: str
    fix: str


_note, _problem = partial(Finding, Level.NOTE), partial(Finding, Level.PROBLEM)


def judge_locks(configured: str, traces: Sequence[LockTrace]) -> Iterator[Finding]:
    """Tell what the locks in an S3 backend mean; `configured` is the catalog's `lock`."""
    places: dict[str, set[str]] = {}
    for trace in traces:
        places.setdefault(trace.path, set()).add(trace.where)
    for trace in traces:
        yield _judge_lock(configured, trace, places[trace.path])
    if configured == "both":
        yield _judge_window(traces, places)
    elif configured == "dynamodb":
        yield _note(
            "lock-old",
            "the backend",
            "locks are items in DynamoDB alone, which the engines are about to drop",
            "Set `lock: both` in the catalog; once every pipeline runs with it, ask here again.",
        )


def _judge_lock(configured: str, trace: LockTrace, places: set[str]) -> Finding:
    holder = describe_lock(trace.lock)
    wanted = {"lockfile": {"object"}, "dynamodb": {"item"}, "both": _BOTH}[configured]
    if trace.where not in wanted or (configured == "both" and places != _BOTH):
        return _problem(
            "lock-other-kind",
            trace.path,
            f"only the lock {trace.where} is held, by {holder}: that run does not use"
            f" `lock: {configured}`, and runs that do may not see it",
            "Give that pipeline this catalog; free the lock if its run is dead.",
        )
    return _note(
        "lock-held",
        trace.path,
        f"locked ({trace.where}) by {holder}",
        "Nothing, while that run is alive; `purveyor state unlock` when it is known to be dead.",
    )


def _judge_window(traces: Sequence[LockTrace], places: dict[str, set[str]]) -> Finding:
    half = sorted(path for path, found in places.items() if found != _BOTH)
    code = "window-open"
    if half:
        text = f"the window of both locks cannot be closed: {len(half)} held by one kind only"
        fix = "Bring the pipelines that hold them to `lock: both`."
    elif traces:
        text = "runs are at work, with both locks each"
        fix = "Ask again when nothing is locked."
    else:
        code = "window-closable"
        text = (
            "no lock is held: the window of both locks can be closed if every pipeline and every"
            " person uses `lock: both` by now"
        )
        fix = "Set `lock: lockfile` and remove `table`; keep the table until a week has gone by."
    return _note(code, "the backend", text, fix)


def check_up(backend: Backend, *, lock: str = "") -> Iterator[Finding]:
    """Tell all findings; `lock` is the catalog's way to lock in S3, empty for other backends.

    Every state is read once, several at a time.
    """
    first: dict[str, str] = {}
    traces = backend.lock_traces()
    for state, look in look_into(backend, backend.list()):
        stamp = _expect_stamp(state, look)
        if stamp in first:
            yield _doubled(stamp, first[stamp], state.path)
        first.setdefault(stamp, state.path)
        yield from _judge(state, look, stamp, tells_locks=traces is None)
    yield from _judge_paths(backend.paths(), backend.keys)
    if traces is not None and lock:
        yield from judge_locks(lock, list(traces))


def _expect_stamp(state: ListedState, look: Look) -> str:
    """Return what a state has to be stamped with; a further step's is told by its key's end."""
    stamp = identity(Named(state.kind, state.entity_id))
    found = look.document.outputs.get(IDENTITY_OUTPUT) if look.document else None
    first, _, step = state.slug.rpartition(".")
    further = f"{stamp}/{step}"
    return further if first and found is not None and found.value == further else stamp


def _judge(state: ListedState, look: Look, stamp: str, *, tells_locks: bool) -> Iterator[Finding]:
    if look.fault is not None:
        yield _problem(
            "unreadable",
            state.path,
            look.fault.message,
            "`purveyor state history` and `restore`: go back to the last version that is whole.",
        )
    if tells_locks and look.lock is not None:
        yield _note(
            "lock-held",
            state.path,
            f"locked by {describe_lock(look.lock)}",
            "Nothing, while that run is alive; `purveyor state unlock` when it is known to be"
            " dead.",
        )
    found = look.document.outputs.get(IDENTITY_OUTPUT) if look.document else None
    if found is not None and found.value != stamp:
        shown = found.value[:_SHOWN] if isinstance(found.value, str) else "something else"
        yield _problem(
            "foreign",
            state.path,
            f"it is stamped as the state of {shown}",
            "Somebody copied or moved it: restore the right version, or move it back.",
        )


def _doubled(stamp: str, one: str, other: str) -> Finding:
    return _problem(
        "doubled",
        stamp,
        f"two states under one id: {one} and {other}",
        "Find out which one describes what exists, and move the other out of the folder.",
    )


def _judge_paths(paths: Iterator[str], keys: KeyScheme) -> Iterator[Finding]:
    """Tell of states that no run would ever find, and of those that live elsewhere by now."""
    stray, moved = [], set()
    for path in paths:
        if path.endswith(MOVED):
            moved.add(path.removesuffix(MOVED))
            yield _note(
                "moved",
                path.removesuffix(MOVED),
                "it was moved to another place, or its move was interrupted",
                "Run `purveyor state migrate` again to be sure; remove the old one when nobody"
                " needs it.",
            )
        elif path.endswith(SUFFIX) and keys.read(path) is None and not _is_journal(path):
            stray.append(path)
    for path in stray:
        if path not in moved:
            yield _note(
                "stray",
                path,
                "a state under a key that no run looks at",
                "`purveyor state adopt ID --key` takes it over, if it belongs to a service.",
            )


def _is_journal(path: str) -> bool:
    return path.startswith(f"{JOURNAL}/")

"""Looks through all states of a backend for what would stop a run or build twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.model import MOVED
from purveyor.lock import describe_lock
from purveyor.state_key import IDENTITY_OUTPUT, JOURNAL, SUFFIX, identity
from purveyor.states.entity import Named
from purveyor.states.findings import Finding, Level
from purveyor.states.listing import look_into
from purveyor.states.locks import judge_locks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends import Backend
    from purveyor.backends.model import ListedState
    from purveyor.state_key import KeyScheme
    from purveyor.states.listing import Look

_SHOWN = 160


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
        yield Finding(
            Level.PROBLEM,
            "unreadable",
            state.path,
            look.fault.message,
            "`purveyor state history` and `restore`: go back to the last version that is whole.",
        )
    if tells_locks and look.lock is not None:
        yield Finding(
            Level.NOTE,
            "lock-held",
            state.path,
            f"locked by {describe_lock(look.lock)}",
            "Nothing, while that run is alive; `purveyor state unlock` when it is known to be"
            " dead.",
        )
    found = look.document.outputs.get(IDENTITY_OUTPUT) if look.document else None
    if found is not None and found.value != stamp:
        shown = found.value[:_SHOWN] if isinstance(found.value, str) else "something else"
        yield Finding(
            Level.PROBLEM,
            "foreign",
            state.path,
            f"it is stamped as the state of {shown}",
            "Somebody copied or moved it: restore the right version, or move it back.",
        )


def _doubled(stamp: str, one: str, other: str) -> Finding:
    return Finding(
        Level.PROBLEM,
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
            yield Finding(
                Level.NOTE,
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
            yield Finding(
                Level.NOTE,
                "stray",
                path,
                "a state under a key that no run looks at",
                "`purveyor state adopt ID --key` takes it over, if it belongs to a service.",
            )


def _is_journal(path: str) -> bool:
    return path.startswith(f"{JOURNAL}/")

"""From DynamoDB to lockfile: which locks are there, and whether the window can be closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.lock import describe_lock
from purveyor.states.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends.model import LockTrace

_BOTH = {"object", "item"}


def judge_locks(configured: str, traces: Sequence[LockTrace]) -> Iterator[Finding]:
    """Tell what the locks in an S3 backend mean; `configured` is the catalog's `lock`."""
    places: dict[str, set[str]] = {}
    for trace in traces:
        places.setdefault(trace.path, set()).add(trace.where)
    for trace in traces:
        yield _judge(configured, trace, places[trace.path])
    if configured == "both":
        yield _judge_window(traces, places)
    elif configured == "dynamodb":
        yield Finding(
            Level.NOTE,
            "lock-old",
            "the backend",
            "locks are items in DynamoDB alone, which the engines are about to drop",
            "Set `lock: both` in the catalog; once every pipeline runs with it, ask here again.",
        )


def _judge(configured: str, trace: LockTrace, places: set[str]) -> Finding:
    holder = describe_lock(trace.lock)
    wanted = {"lockfile": {"object"}, "dynamodb": {"item"}, "both": _BOTH}[configured]
    if trace.where not in wanted or (configured == "both" and places != _BOTH):
        return Finding(
            Level.PROBLEM,
            "lock-other-kind",
            trace.path,
            f"only the lock {trace.where} is held, by {holder}: that run does not use"
            f" `lock: {configured}`, and runs that do may not see it",
            "Give that pipeline this catalog; free the lock if its run is dead.",
        )
    return Finding(
        Level.NOTE,
        "lock-held",
        trace.path,
        f"locked ({trace.where}) by {holder}",
        "Nothing, while that run is alive; `purveyor state unlock` when it is known to be dead.",
    )


def _judge_window(traces: Sequence[LockTrace], places: dict[str, set[str]]) -> Finding:
    half = sorted(path for path, found in places.items() if found != _BOTH)
    if half:
        text = f"the window of both locks cannot be closed: {len(half)} held by one kind only"
        return Finding(
            Level.NOTE,
            "window-open",
            "the backend",
            text,
            "Bring the pipelines that hold them to `lock: both`.",
        )
    if traces:
        return Finding(
            Level.NOTE,
            "window-open",
            "the backend",
            "runs are at work, with both locks each",
            "Ask again when nothing is locked.",
        )
    return Finding(
        Level.NOTE,
        "window-closable",
        "the backend",
        "no lock is held: the window of both locks can be closed if every pipeline and every"
        " person uses `lock: both` by now",
        "Set `lock: lockfile` and remove `table`; keep the table until a week has gone by.",
    )

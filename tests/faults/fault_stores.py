"""Cells whose fault is not a signal: an http store that refuses, a platform that is away."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeAlias

from fault_deeds import DELETE, Deed, opened, request_action
from fault_fixtures import Row, follow_up

from purveyor_faultkit import AZURE, GITHUB, GITLAB_DOCKER, GITLAB_SHELL, run_states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from purveyor_faultkit import Harness, Schedule, StateServer

Cell: TypeAlias = "Callable[[Path, Mapping[str, str], Deed], Row]"
STRANGER = '{"ID":"5f1e0000-0000-0000-0000-000000000000","Who":"somebody@elsewhere"}'


@contextlib.contextmanager
def on_http(folder: Path, environment: Mapping[str, str]) -> Iterator[tuple[Harness, StateServer]]:
    """Keep states on a server of ours."""
    with run_states() as server:
        address = f'"{server.url}/states/{{name}}"'
        backend = f"{{type: http, address: {address}}}"
        with opened(folder, environment, backend=backend, place=server) as harness:
            yield harness, server


def http_refuses(status: int, method: str = "POST") -> Cell:
    """The state cannot be written, or removed, once everything is done."""

    def play(folder: Path, environment: Mapping[str, str], deed: Deed) -> Row:
        with on_http(folder, environment) as (harness, server):
            requested = request_action(harness, deed)
            server.refuse[method] = status
            started = harness.start(requested)
            started.end()
            server.mend()
            what = "state write" if method == "POST" else "the state's removal"
            verb = "PUT" if method == "POST" else method
            return follow_up(
                harness, requested, (f"http: {status} on {verb}", what), started, deed=deed
            )

    return play


def http_loses(method: str, phase: str) -> Cell:
    """A request is never carried out, and nobody answers it."""

    def play(folder: Path, environment: Mapping[str, str], deed: Deed) -> Row:
        with on_http(folder, environment) as (harness, server):
            requested = request_action(harness, deed)
            server.lose.add(method)
            started = harness.start(requested)
            started.end()
            server.mend()
            return follow_up(
                harness, requested, (f"http: {method} lost", phase), started, deed=deed
            )

    return play


def http_is_locked(folder: Path, environment: Mapping[str, str], deed: Deed) -> Row:
    """Somebody else holds the lock."""
    with on_http(folder, environment) as (harness, server):
        requested = request_action(harness, deed)
        server.locks[f"/states/service-{requested.entity}"] = STRANGER
        started = harness.start(requested, "--lock-timeout", "1")
        started.end()
        return follow_up(
            harness, requested, ("http: 423, locked by others", "apply"), started, deed=deed
        )


def http_is_slow(schedule: Schedule) -> Cell:
    """A CI's signals, in their own time, while a state write takes longer than all of them."""

    def play(folder: Path, environment: Mapping[str, str], deed: Deed) -> Row:
        with on_http(folder, environment) as (harness, server):
            requested = request_action(harness, deed)
            deed.late.shut(harness.resource_log)
            server.slow["POST"] = 12.0
            started = harness.start(requested)
            deed.late.await_line(harness, started)
            started.send_signals(schedule)
            assert started.delivered == [*schedule.signals], "a signal found nobody"
            started.end()
            name = (f"http: PUT takes 12 s, {schedule.name} cancels", "apply")
            return follow_up(harness, requested, name, started, deed=deed)

    return play


def platform_away(report: str) -> Cell:
    """The platform drops connections: from the start, after the first report, or at the end."""

    def play(folder: Path, environment: Mapping[str, str], deed: Deed) -> Row:
        impatient = {**environment, "PURVEYOR_PLATFORM_PATIENCE": "1"}
        with opened(folder, impatient) as harness:
            requested = request_action(harness, deed)
            deed.late.shut(harness.resource_log)
            method = "*" if report == "every call" else "PATCH"
            if report != "the end":
                harness.emulator.fault("drop", count=-1, method=method)
            started = harness.start(requested)
            # A delete does not go on where nobody says whether links are left.
            waits = report != "every call" or deed is not DELETE
            if waits:
                deed.late.await_line(harness, started)
            if report == "the end":
                harness.emulator.fault("drop", count=-1)
            harness.resource_log.open()
            started.end()
            return follow_up(harness, requested, ("platform away", report), started, deed=deed)

    return play


CELLS: Mapping[str, Cell] = {
    "http 403": http_refuses(403),
    "http 503": http_refuses(503),
    "http unlock": http_loses("UNLOCK", "after the state write"),
    "http locked": http_is_locked,
    "platform every call": platform_away("every call"),
    "platform each report": platform_away("each report"),
    "platform end": platform_away("the end"),
}
# Only a delete removes a state.
REMOVALS: Mapping[str, Cell] = {
    "http 403 on removal": http_refuses(403, "DELETE"),
    "http removal lost": http_loses("DELETE", "the state's removal"),
}
# All signals of these arrive, in the CI's own time.
WHOLE_SCHEDULES: Mapping[str, Cell] = {
    each.name: http_is_slow(each) for each in (GITHUB, AZURE, GITLAB_SHELL, GITLAB_DOCKER)
}

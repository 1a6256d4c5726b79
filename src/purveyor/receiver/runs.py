"""Carries deliveries out on this machine: one `purveyor run` each, which outlives the receiver."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import threading
import time
from concurrent.futures import Future, InvalidStateError
from typing import TYPE_CHECKING, TypeVar

from purveyor import json_text, process
from purveyor.dataclass import dataclass
from purveyor.errors import ContextError, PurveyorError, ReasonCode
from purveyor.inbox.model import DeliveryEnding, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.inbox.model import Delivery
    from purveyor.receiver.events import Tell

T = TypeVar("T")

_CONTEXT, _OUTCOME, _LOG = "context.json", "outcome.json", "run.log"
_LOOK_SECONDS = 0.2
_APPROVAL_SECONDS = 60.0  # between two looks whether somebody has allowed a step


@dataclass(frozen=True, slots=True)
class RunsHere:
    """Starts runs, each in a private folder of its own below `folder`."""

    folder: Path
    arguments: tuple[str, ...]  # of `purveyor run`
    environment: Mapping[str, str]
    tell: Tell
    confirm: Callable[[bytes], bytes]  # asks the platform again; raises PurveyorError
    # Whether a run of an action left an engine that may still work, or what that one left.
    left_engine: Callable[[str], bool] = lambda _: False
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "purveyor")

    async def __call__(self, delivery: Delivery) -> DeliveryEnding:
        return await carry_out(delivery, self._carry_out, self.tell)

    def _carry_out(self, delivery: Delivery) -> DeliveryEnding:
        folder = self.folder / delivery.action_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while process.find_leaders(folder):  # a run of a receiver that was killed
            time.sleep(_LOOK_SECONDS)
        ending = _read_outcome(folder / _OUTCOME)
        if ending is None:
            try:
                (folder / _CONTEXT).write_bytes(self.confirm(delivery.body))
            except PurveyorError as error:
                return refused(error)
            if self.left_engine(delivery.action_id):
                # The run was killed: its engine is waited for, and the action told how that ended.
                self._start(folder, "finish")
            done = self._start(folder, "run", "--json", *self.arguments)
            (folder / _LOG).write_text(done.stderr)
            ending = _read_outcome(folder / _OUTCOME) or _explain(done)
        for name in (_CONTEXT, _OUTCOME):
            (folder / name).unlink(missing_ok=True)
        return ending

    def _start(self, folder: Path, name: str, *arguments: str) -> process.Completed:
        return process.run(
            process.Command(
                (*self.command, name, "--context", _CONTEXT, *arguments),
                cwd=folder,
                environment=self.environment,
                stdout=folder / _OUTCOME,
            )
        )

    def forget(self, before: float) -> None:
        """Remove the logs of runs that ended before a time."""
        for each in self.folder.glob("*"):
            if each.stat().st_mtime < before:
                shutil.rmtree(each, ignore_errors=True)


async def carry_out(
    delivery: Delivery, work: Callable[[Delivery], DeliveryEnding], tell: Tell
) -> DeliveryEnding:
    """Do the work in a thread, and tell when it begins and how it ended."""
    waited = max(0.0, time.time() - delivery.received_at)
    tell("started", action=delivery.action_id, waited=round(waited, 3))
    began = time.monotonic()
    ending = await _in_daemon_thread(lambda: work(delivery))
    tell(
        "ended",
        action=delivery.action_id,
        specification=delivery.specification,
        operation=delivery.operation,
        status=ending.status.value,
        reason=ending.reason,
        seconds=round(time.monotonic() - began, 3),
    )
    return ending


def refused(error: PurveyorError) -> DeliveryEnding:
    """Return the ending of what did not begin: for good where it was forged, or is withdrawn."""
    gone = isinstance(error, ContextError) or getattr(error, "absent", False)
    status = DeliveryStatus.FAILED if gone else DeliveryStatus.WAITING
    return DeliveryEnding(status, f"{error.reason}: {error.message}")


def _read_outcome(path: Path) -> DeliveryEnding | None:
    """Return the ending that a run wrote; None where it wrote none.

    An ending that the platform knows is the last word, whichever it is; a run on it again would
    only tell it once more.
    """
    try:
        found = json_text.parse_object(path.read_text("utf-8")) or {}
    except (OSError, ValueError):
        return None
    if "platform_heard" not in found:
        return None
    reason, url = str(found.get("reason", "")), str(found.get("run_url") or "")
    if reason == ReasonCode.APPROVAL_AWAITED:
        return DeliveryEnding(DeliveryStatus.WAITING, reason, url, pause=_APPROVAL_SECONDS)
    elsewhere = reason == ReasonCode.RUNNING_ELSEWHERE
    if found["platform_heard"] is not True:
        reason = f"{ReasonCode.PLATFORM_UNREACHABLE} ({reason})"
    ended = found["platform_heard"] is True and not elsewhere
    return DeliveryEnding(DeliveryStatus.ENDED if ended else DeliveryStatus.WAITING, reason, url)


def _explain(done: process.Completed) -> DeliveryEnding:
    """Return why a run had no ending; the next one may have one."""
    said = [line for line in done.stderr.split("\n") if line.startswith("error: ")]
    reason = said[-1].removeprefix("error: ")[:200] if said else f"`run` ended with {done.code}"
    return DeliveryEnding(DeliveryStatus.WAITING, reason)


async def _in_daemon_thread(work: Callable[[], T]) -> T:
    """Do `work` in a thread that the interpreter does not wait for: a run may outlive us."""
    done: Future[T] = Future()

    def do() -> None:
        with contextlib.suppress(InvalidStateError):  # nobody waits any more
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                done.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return await asyncio.wrap_future(done)

"""A command of Purveyor's that runs, gets signals, and ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess  # noqa: TID251 - signals have to reach a process of its own, as a CI's do
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_faultkit.processes import MARK, find_engine, find_marked, send
from purveyor_faultkit.schedules import Victim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor_faultkit.schedules import Schedule, SignalPlan

_NAP = 0.004
_LONG_NAP = 0.015  # to look at every process of a machine takes as long
_LONGEST = 60.0


@dataclass(frozen=True, slots=True)
class EndedCommand:
    """How a command ended. `outcome` is empty when it printed none; `code` is negative for a
    signal.
    """

    code: int
    outcome: JsonObject
    stdout: str
    stderr: str

    @classmethod
    def of(cls, code: int, stdout: str, stderr: str) -> EndedCommand:
        outcome = json_text.parse(stdout) if stdout.strip().startswith("{") else {}
        return cls(code, outcome if isinstance(outcome, dict) else {}, stdout, stderr)

    @property
    def reason(self) -> str:
        """The outcome's reason code; empty when there is none."""
        return str(self.outcome.get("reason", ""))


class StartedCommand:
    """A command in a session of its own, whose output is read until it is cut.

    `delivered` are the signals that met somebody who still was at work.
    """

    def __init__(self, argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.mark = uuid.uuid4().hex
        self.delivered: list[SignalPlan] = []
        self._cut = threading.Event()
        self._child = subprocess.Popen(
            argv,
            cwd=folder,
            env={**environment, MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._child.stdout is not None  # noqa: S101 - both are pipes
        assert self._child.stderr is not None  # noqa: S101 - see above
        self._texts = {self._child.stdout.fileno(): b"", self._child.stderr.fileno(): b""}
        self._order = list(self._texts)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._child.pid

    def is_running(self) -> bool:
        """Tell whether it has not ended yet."""
        return self._child.poll() is None

    def shown(self) -> str:
        """Return the progress that it has shown so far."""
        return self._texts[self._order[1]].decode(errors="replace")

    def wait_until(self, condition: Callable[[], object], seconds: float = _LONGEST) -> bool:
        """Wait until something holds; False when the command ended before that."""
        end = time.monotonic() + seconds
        while not condition():
            if not self.is_running() or time.monotonic() > end:
                return bool(condition())
            time.sleep(_NAP)
        return True

    def wait_for_engine(self, command: str) -> bool:
        """Wait until its engine carries out `init`, `plan` or `apply`."""
        return self.wait_until(lambda: find_engine(self.mark, command))

    def pause(self) -> None:
        """Stop the process, not its engine."""
        os.kill(self.pid, signal.SIGSTOP)

    def send_signals(self, schedule: Schedule) -> None:
        """Deliver a CI's signals; ends early when nothing is left to get them."""
        begun = time.monotonic()
        for each in schedule.signals:
            end = begun + each.after
            while time.monotonic() < end and (self.is_running() or each.victim is Victim.EVERY):
                if not self.is_running() and not find_marked(self.mark):
                    return
                time.sleep(_LONG_NAP)
            self._deliver(each)

    def end(self, seconds: float = _LONGEST) -> EndedCommand:
        """Wait for its end; kill it, and raise TimeoutError, when that does not come in time."""
        try:
            code = self._child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise TimeoutError(f"it did not end; last shown: {self.shown()[-2000:]}") from None
        self._reader.join(1.0)
        self._cut.set()
        self._reader.join()
        stdout, stderr = (self._texts[each].decode(errors="replace") for each in self._order)
        return EndedCommand.of(code, stdout, stderr)

    def kill_all(self) -> None:
        """Kill everything that it left, as a CI does at the end of a job."""
        send(signal.SIGKILL, [each.pid for each in find_marked(self.mark)])

    def _deliver(self, plan: SignalPlan) -> None:
        if self.is_running() or (plan.victim is Victim.EVERY and find_marked(self.mark)):
            self.delivered.append(plan)
        if plan.number is None:
            self._cut.set()
        elif plan.victim is Victim.EVERY:
            send(plan.number, [each.pid for each in find_marked(self.mark)])
        elif plan.victim is Victim.ENGINE:
            engine = find_engine(self.mark)
            send(plan.number, [engine] if engine is not None else [])
        elif self.is_running():
            send(plan.number, [-self.pid if plan.victim is Victim.GROUP else self.pid])
        if self.is_running():
            send(signal.SIGCONT, [self.pid])

    def _read(self) -> None:
        open_ends = list(self._order)
        while open_ends and not self._cut.is_set():
            for each in select.select(open_ends, [], [], 0.02)[0]:
                data = os.read(each, 65536)
                self._texts[each] += data
                if not data:
                    open_ends.remove(each)
        for stream in (self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()

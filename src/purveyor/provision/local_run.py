"""What a run leaves on its machine while it works, and what the platform hears of a signal."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.attempt.local_run import LocalRun
from purveyor.credentials import LOGIN_FOLDER
from purveyor.interruption import tell_signal
from purveyor.journal import keep_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from purveyor.action import ActionContext
    from purveyor.attempt.local_run import LocalRuns
    from purveyor.outcome import Outcome
    from purveyor.provision.ports import Ports

UNSAVED = "errored.tfstate"
_LOOK_SECONDS = 0.1
_CANCELLING = "Cancelling: the run was asked to stop, and ends what it has begun."


class RunNote:
    """Keeps one run's file true, until the platform has heard its end."""

    def __init__(self, files: LocalRuns, run: LocalRun) -> None:
        self._files = files
        self._guard = threading.Lock()
        self._run = run
        files.write(run)

    def notice_program(self, pid: int) -> None:
        """Note which program runs now."""
        self._note(dataclasses.replace(self._run, engine=pid, engine_mark=process.read_mark(pid)))

    def notice_workspace(self, folder: Path) -> None:
        """Note where the run works."""
        self._note(dataclasses.replace(self._run, workspace=str(folder)))

    def notice_signal(self, name: str) -> None:
        """Note that the run was asked to stop; the running program has heard it."""
        self._note(dataclasses.replace(self._run, signal=name))

    def notice_end(self, outcome: Outcome, *, at: float) -> None:
        """Note how it ended, before the platform is told."""
        self._note(dataclasses.replace(self._run, end=keep_outcome(outcome, at=at)))

    def clear(self) -> None:
        """Leave nothing: all is told."""
        self._files.remove(self._run.action)

    def _note(self, run: LocalRun) -> None:
        with self._guard:
            self._run = run
            self._files.write(run)


def begin_local_run(context: ActionContext, ports: Ports, *, attempt: int) -> RunNote | None:
    """Begin the file of this run; None where none is kept."""
    if ports.local_runs is None:
        return None
    here = ports.identity
    return RunNote(
        ports.local_runs,
        LocalRun(
            action=context.id,
            pid=here.pid,
            at=ports.wall_clock(),
            mark=process.read_mark(here.pid),
            boot=here.boot,
            attempt=attempt,
            entity=f"{context.entity.kind}s/{context.entity.id}",
        ),
    )


@contextlib.contextmanager
def private_workspace(note: RunNote | None, *, stop_logins: Callable[[], None]) -> Iterator[Path]:
    """Make a private directory for the block, and take it away unless it holds an unsaved state."""
    folder = Path(tempfile.mkdtemp(prefix="purveyor-"))
    if note is not None:
        note.notice_workspace(folder)
    try:
        yield folder
    finally:
        stop_logins()  # before their folder goes: a file written meanwhile would stay behind
        shutil.rmtree(folder / LOGIN_FOLDER, ignore_errors=True)
        if next(folder.rglob(UNSAVED), None) is None:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def report_cancellation(
    note: RunNote | None, context: ActionContext, ports: Ports
) -> Iterator[None]:
    """Note each program, and tell the platform at once when the run is asked to stop."""
    ended = threading.Event()
    interruption = ports.interruption

    def watch() -> None:
        # Not in the signal's handler: it may have interrupted what it would have to wait for.
        while not ended.wait(_LOOK_SECONDS):
            if interruption.signal is not None:
                if note is not None:
                    note.notice_signal(tell_signal(interruption.signal))
                ports.reporter.say(context, "warn", _CANCELLING)
                return

    if note is not None:
        interruption.on_program = note.notice_program
    watcher = threading.Thread(target=watch, daemon=True, name="signal watcher")
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        interruption.on_program = None

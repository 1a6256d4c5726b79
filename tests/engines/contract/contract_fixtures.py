"""The frame of the contract that every engine keeps: one thing in two parts, made by each of them.

An engine joins with one file, such as `command_case.py`: a class on top of `EngineCase` that fills
in what stands under "what an engine's file gives", and a line in `CASES` in `conftest.py`.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from purveyor.action import Operation
from purveyor.errors import PurveyorError
from purveyor.process import Interruption
from purveyor.redaction import Redactor
from purveyor.step import Noticed, PhaseStarted, Planned, ResourceMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.json_text import JsonObject
    from purveyor.step import Engine, Step, StepEvent, StepResult
    from real_programs import RealPrograms

PASSWORD = "c4nary-g1ven-pass"
"""What the thing is given and nobody may see."""
TOKEN = f"c4nary-m4de-{PASSWORD[::-1]}"
"""What the thing gives and nobody may see."""


class EngineCase(ABC):
    """A thing of two parts, `first` and `second`, each with a text; made in a folder of a test's.

    The variables are `text`, `password`, `mode` and `place`: a folder that is the thing's own.
    Where `mode` is `fail` the second part fails once the first is made, where it is `slow` it takes
    a minute, after it has made the file `halfway` in `place`. The outputs are `text`, which is
    public, and `token`, a secret, which is TOKEN.
    """

    # What an engine's file gives: these, and the methods up to `leave_halfway`.
    hands_on: ClassVar[bool] = True  # whether it has outputs
    foresees: ClassVar[bool] = True  # whether it can tell what it would change
    starts_programs: ClassVar[bool] = True  # whether another process does the work
    fixture: ClassVar[str] = ""  # of pytest's, for the whole session: what it is made on

    def __init__(
        self, folder: Path, environment: Mapping[str, str], real: RealPrograms, given: Any = None
    ) -> None:
        self.folder, self.environment, self.real = folder, dict(environment), real
        self.given = given
        self.redactor = Redactor([PASSWORD])
        self.interruption = Interruption()
        self.events: list[StepEvent] = []
        self.workspaces: list[Path] = []
        self.place = folder / "place"
        self.place.mkdir()
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Write what the engine carries out; skip with LEFT_OUT where a program is missing."""

    @abstractmethod
    def open(self) -> Engine: ...

    @abstractmethod
    def step(self, operation: Operation, variables: JsonObject, workspace: Path) -> Step: ...

    @abstractmethod
    def made(self) -> dict[str, str]:
        """Return the text of each part that exists, seen without the engine."""

    def is_halfway(self) -> bool:
        """Tell whether the first part is made and the second has begun."""
        return (self.place / "halfway").exists()

    def leave_halfway(self) -> None:
        """Let the next run get beyond it."""
        (self.place / "halfway").unlink(missing_ok=True)

    def mend(self, left: PurveyorError) -> None:
        """Do what a killed program's error asks a person to do before the next run."""
        del left

    # What the tests do with it.

    def run(self, operation: Operation, text: str = "one", mode: str = "") -> StepResult:
        """Carry it out as a run does: in a fresh private folder."""
        self.events.clear()
        return self.open().run(self._step(operation, text, mode), self.events.append)

    def preview(self, operation: Operation, text: str = "one") -> StepResult:
        self.events.clear()
        return self.open().preview(self._step(operation, text, ""), self.events.append)

    def run_until_halfway(
        self, operation: Operation, then: Callable[[int], None]
    ) -> PurveyorError | None:
        """Carry out the slow thing; halfway do with the program's id what is to happen `then`."""
        self.interruption = Interruption()
        pids = [] if self.starts_programs else [os.getpid()]
        self.interruption.on_program = pids.append
        over = threading.Event()

        def watch() -> None:
            while not (over.wait(0.02) or (pids and self.is_halfway())):
                pass
            if not over.is_set():
                then(pids[-1])

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with self.interruption.caught():
                self.run(operation, mode="slow")
        except PurveyorError as error:
            return error
        finally:
            over.set()
            watcher.join()
            self.interruption = Interruption()
            self.leave_halfway()
        return None

    def _step(self, operation: Operation, text: str, mode: str) -> Step:
        workspace = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        self.workspaces.append(workspace)
        asked: JsonObject = {
            "text": text,
            "password": PASSWORD,
            "mode": mode,
            "place": str(self.place),
        }
        return self.step(operation, asked, workspace)

    def said(self, error: PurveyorError | None = None) -> str:
        """Return all that is told of the last run, as people get it."""
        told = [error.message, *error.details, error.hint] if error is not None else []
        for event in self.events:
            match event:
                case Noticed(_, text):
                    told.append(text)
                case PhaseStarted(name):
                    told.append(name)
                case Planned(change):
                    told.append(change.address)
                case ResourceMoved(address, verb, stage):
                    told.append(f"{address} {verb} {stage}")
                case _:
                    pass
        return self.redactor.redact("\n".join(told))


def interrupt(_program: int) -> None:
    """Ask the run to stop, as a CI does."""
    os.kill(os.getpid(), signal.SIGTERM)


def kill(program: int) -> None:
    """Let the program, and all that it has started, be gone at once."""
    os.killpg(program, signal.SIGKILL)


def look_at_processes(found: list[str]) -> None:
    """Add what any process of this machine has with a canary in its arguments or environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                text = (folder / name).read_bytes()
            except OSError:
                continue
            if any(each in text for each in (b"c4nary-g1ven", b"c4nary-m4de")):
                found.append(f"{name} of {(folder / 'cmdline').read_bytes()!r}")


class Life:
    """What came of each run, from the create to the second delete; `made` is what existed then."""

    def __init__(self, case: EngineCase) -> None:
        self.case = case
        self.made: dict[str, dict[str, str]] = {}
        self.results: dict[str, StepResult] = {}
        self.said: dict[str, str] = {}
        for name, does, operation, text in (
            ("foreseen create", case.preview, Operation.CREATE, "one"),
            ("create", case.run, Operation.CREATE, "one"),
            ("foreseen no-op", case.preview, Operation.UPDATE, "one"),
            ("no-op", case.run, Operation.UPDATE, "one"),
            ("foreseen update", case.preview, Operation.UPDATE, "two"),
            ("update", case.run, Operation.UPDATE, "two"),
            ("foreseen delete", case.preview, Operation.DELETE, "two"),
            ("delete", case.run, Operation.DELETE, "two"),
            ("second delete", case.run, Operation.DELETE, "two"),
        ):
            self.results[name] = does(operation, text)
            self.made[name] = case.made()
            self.said[name] = case.said()

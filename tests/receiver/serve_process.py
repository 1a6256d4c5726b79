"""`purveyor serve` as a process of its own, which a test may kill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess  # noqa: TID251 - tests start the real command
import sys
from typing import TYPE_CHECKING, Any

from receiver_fixtures import TOKEN, Serving, until

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class ServeProcess(Serving):
    """A receiver that was started; `events` are what it has told so far."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self.child = child
        self.log = log
        until(lambda: child.poll() is not None or self.events("listening"), 60)
        assert child.poll() is None, log.read_text()
        super().__init__(int(self.events("listening")[0]["port"]))

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the events of a name, as far as their lines are whole."""
        lines = self.log.read_text().split("\n")[:-1]
        found: list[Any] = [json_text.parse(line) for line in lines if line.startswith("{")]
        return [each for each in found if each["event"] == name]

    def stop(self) -> int:
        """Ask it to end in order."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(60)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.child.kill()
        self.child.wait()


@contextlib.contextmanager
def serve_process(
    folder: Path, environment: Mapping[str, str], *arguments: str, number: int = 1
) -> Iterator[ServeProcess]:
    """Start `purveyor serve` in a catalog's folder; whatever became of it, it is gone after."""
    log = folder / f"serve-{number}.log"
    command = (sys.executable, "-m", "purveyor", "serve", "--port", "0", "--inbox", "kept/inbox")
    with log.open("wb") as out:
        child = subprocess.Popen(
            [*command, *arguments],
            cwd=folder,
            env={**environment, "PURVEYOR_SERVE_TOKENS": TOKEN},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield ServeProcess(child, log)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()


def kill_runs(folder: Path) -> None:
    """Kill what a killed receiver has left running below a folder."""
    from purveyor import process

    for pid in process.find_leaders(folder.resolve()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

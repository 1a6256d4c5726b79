"""Keeps logins fresh in private files while a run works, for whoever reads the files anew."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.durations import tell_age
from purveyor.errors import PurveyorError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOGIN_FOLDER = "logins"
"""The folder in a run's private directory that goes away even if a state has to stay there."""
_FIRST_NAP, _LONGEST_NAP = 5.0, 60.0
# A short login leaves no time for long naps: of what is left, a tenth is slept at most.
_PART_OF_REST = 0.1
_SHORTEST_NAP = 0.2
# Whoever asks has a state to save, and a cancelled run has ten seconds in all.
_HURRY = 3.0


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a source gave: a file's text, and which parts of it are secret.

    `begins` and `ends` are in seconds since 1970.
    """

    text: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    begins: float
    ends: float

    @property
    def due(self) -> float:
        """When to get the next one: at half of its life, so that the other half is for trying."""
        return (self.begins + self.ends) / 2


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is to be kept fresh; `fetch` raises PurveyorError when its source refuses."""

    path: Path
    fetch: Callable[[], Fresh]
    first: Fresh


class Renewal:
    """Writes each file anew at half of its content's life, in a thread, until it is stopped.

    `learn` gets new secrets before they are in a file, so that nobody can print them unknown.
    `tell` gets a sentence when a renewal fails, once until one succeeds.
    """

    def __init__(
        self,
        files: Sequence[KeptFile],
        *,
        learn: Callable[..., None],
        tell: Callable[[str], None],
    ) -> None:
        self._files = files
        self._learn = learn
        self._tell = tell
        self._held = [each.first for each in files]
        self._told = [False for _ in files]
        self._guard = threading.Lock()
        self._stopped = threading.Event()

    def start(self) -> None:
        if self._files:
            threading.Thread(target=self._keep, daemon=True, name="login renewal").start()

    def stop(self) -> None:
        with self._guard:  # whoever is in the middle of writing ends it first
            self._stopped.set()

    def renew(self) -> None:
        """Get everything anew; what cannot be had stays as it is, and what is slow comes later."""
        threads = [
            threading.Thread(target=self._renew, args=(number,), daemon=True)
            for number in range(len(self._files))
        ]
        for each in threads:
            each.start()
        until = time.monotonic() + _HURRY
        for each in threads:
            each.join(max(0.0, until - time.monotonic()))

    def _keep(self) -> None:
        nap = _FIRST_NAP
        while not self._stopped.wait(self._rest(nap)):
            due = [n for n, held in enumerate(self._held) if held.due <= time.time()]
            failed = [number for number in due if not self._renew(number)]
            nap = min(nap * 2, _LONGEST_NAP) if failed else _FIRST_NAP

    def _rest(self, nap: float) -> float:
        """Return how long to sleep: until the next is due, or for a nap if one is due already.

        What has ended is not hurried for: whoever refuses it then may do so for hours.
        """
        now = time.time()
        wait = min(held.due for held in self._held) - now
        if wait > 0:
            return min(wait, _LONGEST_NAP)  # a machine that slept meanwhile has another time
        left = min(held.ends for held in self._held) - now
        return max(_SHORTEST_NAP, min(nap, left * _PART_OF_REST)) if left > 0 else nap

    def _renew(self, number: int) -> bool:
        kept = self._files[number]
        try:
            fresh = kept.fetch()
            with self._guard:
                if not self._stopped.is_set():
                    self._learn(*fresh.secrets)
                    replace_private(kept.path, fresh.text)
        except PurveyorError as error:
            self._complain(number, error.message)
            return False
        except OSError as error:
            self._complain(number, f"Its file cannot be written ({error.strerror}).")
            return False
        except Exception as error:  # noqa: BLE001 - a dead thread renews nothing and prints all it knows
            self._complain(number, f"It failed unexpectedly ({type(error).__name__}).")
            return False
        self._held[number] = fresh
        self._told[number] = False
        return True

    def _complain(self, number: int, why: str) -> None:
        gone = not self._files[number].path.parent.exists()  # with the run's own folder
        if self._told[number] or self._stopped.is_set() or gone:
            return
        self._told[number] = True
        left = tell_age(self._held[number].ends - time.time())
        self._tell(
            f"The account's login cannot be renewed at the moment; it ends in {left}."
            f" It is tried again until then. {why}"
        )


def write_private(path: Path, text: str) -> str:
    """Write the text, over any earlier file of that name; return the path as text."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return str(path)


def replace_private(path: Path, text: str) -> None:
    """Write the text so that whoever reads meanwhile gets the old text or the new one, whole."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise

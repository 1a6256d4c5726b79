"""Lines onto a stream, and bytes into files, that may be full or gone: it never fails."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, TextIO

from purveyor.output import Output

if TYPE_CHECKING:
    from pathlib import Path

_ERASE = "\r\x1b[2K"
_NARROWEST = 20
_USUAL = 80


class Console:
    """A stream of lines. `errors` gets one note for each thing that could not be written.

    A stream that breaks ends no run: what it was to get is said on `errors`.
    """

    def __init__(self, stream: TextIO | Output, errors: TextIO | Output) -> None:
        self._stream = stream if isinstance(stream, Output) else Output(stream, errors, "Progress")
        self._errors = errors
        self._passing = False
        self._guard = threading.RLock()  # a clock of its own may write what passes
        self._noted: set[str] = set()
        # A parent that shares its non-blocking pipe with us would make long logs fail.
        with contextlib.suppress(OSError, ValueError):
            os.set_blocking(stream.fileno(), True)

    @property
    def interactive(self) -> bool:
        return self._stream.isatty()

    def line(self, text: str) -> None:
        with self._guard:
            erase = _ERASE if self._passing else ""
            self._passing = False
            self._put(f"{erase}{text}\n")

    def passing(self, text: str) -> None:
        """Write a line that the next one overwrites; an empty one only erases."""
        with self._guard:
            if text or self._passing:
                self._put(_ERASE + text[: self._width() - 1])
            self._passing = bool(text)

    def note(self, text: str) -> None:
        """Say once, beside the stream, what could not be done."""
        if text in self._noted:
            return
        self._noted.add(text)
        with contextlib.suppress(OSError, ValueError):
            self._errors.write(f"purveyor: {text}\n")
            self._errors.flush()

    def append(self, path: Path, data: bytes, *, what: str) -> bool:
        """Add bytes to a file; when that fails say so and return False."""
        try:
            with path.open("ab") as file:
                file.write(data)
        except OSError as error:
            self.note(f"{what} could not be written ({error.strerror}); the run goes on.")
            return False
        return True

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
        if self._stream.lost and self._errors is not self._stream:
            with contextlib.suppress(OSError, ValueError):
                self._errors.write(text)
                self._errors.flush()

    def _width(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            columns = os.get_terminal_size(self._stream.fileno()).columns
            return max(columns, _NARROWEST) if columns else _USUAL
        return _USUAL

"""A stream for people or programs that may be full, closed or absent: writing to it never fails."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


class Output:
    """Stands for standard output or standard error, and for any other stream of lines.

    What it cannot write is noted once on `errors`. The stream is then turned to the null device, so
    that the interpreter's last flush does not change the exit code. With `ends`, for a command
    whose only work is what it writes, the command ends then with exit code 1, without a word where
    its reader has gone.
    """

    errors = "backslashreplace"

    def __init__(
        self, stream: TextIO | None, notes: Output | TextIO | None, what: str, *, ends: bool = False
    ) -> None:
        self._stream = stream
        self._notes = notes
        self._what = what
        self._ends = ends
        self.lost = False

    @property
    def encoding(self) -> str:
        """The stream's encoding; what it lacks is spelled out."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str | bytes) -> int:
        """Write and return the text's length, whatever happened; a shell's script is bytes."""
        if not self.lost:
            raw = text if isinstance(text, bytes) else text.encode(self.encoding, self.errors)
            self._try(lambda stream: stream.write(raw.decode(self.encoding)))
        return len(text)

    def flush(self) -> None:
        if not self.lost and self._stream is not None:
            self._try(lambda stream: stream.flush())

    def isatty(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """Return the descriptor; raise OSError where there is none."""
        if self._stream is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._stream.fileno()

    def _try(self, deed: Callable[[TextIO], object]) -> None:
        try:
            if self._stream is not None:
                deed(self._stream)
                return
            reason = "it is closed"
        except BrokenPipeError as error:
            reason = "" if self._ends else str(error.strerror)
        except (OSError, ValueError) as error:
            reason = str(error.strerror) if isinstance(error, OSError) else "it is closed"
        self.lost = True
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
        if self._notes is not None and reason:
            with contextlib.suppress(OSError, ValueError):
                self._notes.write(f"purveyor: {self._what} cannot be written ({reason}).\n")
                self._notes.flush()
        if self._ends:
            raise SystemExit(1)

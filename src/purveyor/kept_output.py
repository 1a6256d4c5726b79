"""A program's output in a growing file: its lines as they come, and its ends, which are kept."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LEFT_OUT = "(what stood here is left out: there is too much of it)"
# Of a stream and of stderr the first and the last MiB are kept; a document is of use only whole.
ENDS, DOCUMENT_ENDS = 1 << 20, 32 << 20
_LONGEST_LINE = 8 << 20
_PUNCH_HOLE = 0x03  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE in linux/falloc.h
_CHUNK = 1 << 20


class Lines:
    """Cuts a growing file into lines; one that is too long is not held, nor told in parts.

    `seen` is how many bytes were read, of a file that nobody follows all there may ever be.
    """

    def __init__(self, descriptor: int, on_line: Callable[[str], None] | None) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self.seen = 0 if on_line else sys.maxsize
        self._rest = bytearray()
        self._too_long = False

    def read(self) -> bool:
        """Take one chunk; tell whether there was one."""
        if self._on_line is None:
            return False
        chunk = os.pread(self._descriptor, _CHUNK, self.seen)
        self.seen += len(chunk)
        *whole, rest = chunk.split(b"\n")
        for each in whole:
            self._take(each)
            self._tell(self._on_line)
        self._take(rest)
        return bool(chunk)

    def end(self) -> None:
        """Tell the last line, which needs no end."""
        if self._on_line is not None and (self._rest or self._too_long):
            self._tell(self._on_line)

    def _take(self, part: bytes) -> None:
        self._too_long |= len(self._rest) + len(part) > _LONGEST_LINE
        if self._too_long:
            self._rest.clear()
        else:
            self._rest += part

    def _tell(self, on_line: Callable[[str], None]) -> None:
        line = LEFT_OUT if self._too_long else self._rest.decode(errors="replace")
        self._rest.clear()
        self._too_long = False
        on_line(line)


def read_ends(stream: IO[bytes], ends: int = ENDS) -> str:
    """Return a file's text; of one with more than twice `ends` bytes the whole lines at its ends.

    A line that is cut might begin or end amid a secret, which nobody finds any more.
    """
    descriptor = stream.fileno()
    size = os.fstat(descriptor).st_size
    if size <= 2 * ends:
        return os.pread(descriptor, size, 0).decode(errors="replace")
    first = os.pread(descriptor, ends, 0).rpartition(b"\n")[0]
    last = os.pread(descriptor, ends, size - ends).partition(b"\n")[2]
    return b"\n".join((first, LEFT_OUT.encode(), last)).decode(errors="replace")


def forget_middle(stream: IO[bytes], ends: int = ENDS, seen: int = sys.maxsize) -> None:
    """Give the disk back what nobody reads any more; where that cannot be, it stays."""
    middle = min(seen, os.fstat(stream.fileno()).st_size - ends) - ends
    if middle > ends:
        import ctypes

        libc = ctypes.CDLL(None)
        punch = getattr(libc, "fallocate64", None) or getattr(libc, "fallocate", None)
        if punch is not None:
            place = (ctypes.c_int64(ends), ctypes.c_int64(middle))
            punch(stream.fileno(), _PUNCH_HOLE, *place)

"""Records beside local states: private files, created by a link that only one can make."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator


class FolderRecords:
    """Texts in files below `root`: directories 0700, files 0600."""

    def __init__(self, root: Path, *, lasting: bool = True) -> None:
        """Keep what is written through a loss of power, where it is to be `lasting`."""
        self._root = root
        self._lasting = lasting

    def create(self, path: str, text: str) -> bool:
        """Write a whole file under another name first, then link it: half a text is never seen."""
        with _explained(self._root):
            written = self._write(path, text)
            try:
                os.link(written, self._root / path)
            except FileExistsError:
                return False
            finally:
                written.unlink()
            return True

    def put(self, path: str, text: str) -> None:
        """Replace the file at once."""
        with _explained(self._root):
            self._write(path, text).replace(self._root / path)

    def read(self, path: str) -> str | None:
        """Return the file's text."""
        with _explained(self._root):
            try:
                return (self._root / path).read_text()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def remove(self, path: str) -> None:
        """Remove the file."""
        with _explained(self._root):
            (self._root / path).unlink(missing_ok=True)

    def paths(self, folder: str) -> Iterator[str]:
        """Walk the directory; files that are still being written are passed over."""
        for place, _, names in os.walk(self._root / folder):
            for name in names:
                if not name.startswith("."):
                    yield str((Path(place) / name).relative_to(self._root))

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        """Walk the same; a file that goes meanwhile has no time."""
        for path in self.paths(folder):
            with contextlib.suppress(OSError):
                yield path, (self._root / path).stat().st_mtime

    def age(self, path: str) -> float | None:
        """Return how long ago a file was written, in seconds by its file system's clock."""
        with _explained(self._root):
            try:
                written = (self._root / path).stat().st_mtime
            except (FileNotFoundError, NotADirectoryError):
                return None
            return _tell_time(self._root) - written

    def _write(self, path: str, text: str) -> Path:
        folder = (self._root / path).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                if self._lasting:
                    os.fsync(file.fileno())
        except OSError:  # such as a full disk
            Path(name).unlink()
            raise
        return Path(name)


def _tell_time(root: Path) -> float:
    """Return the file system's time, which on a shared one is its server's."""
    try:
        with tempfile.TemporaryFile(dir=root) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:  # it may be full, or for reading only
        return time.time()


class _explained:  # noqa: N801 - reads as a word where it is used
    """Turns an OSError into a RecoveryError that names the folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise RecoveryError(
                f"The journal in {self._root} cannot be used: {error.strerror}.",
                reason=ReasonCode.STATE_UNREADABLE,
                hint="Make the folder writable for the user that runs Purveyor.",
            ) from None

"""Files in a folder of this machine: private, and created by a link that only one can make."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from purveyor.backends.model import StateVersion, no_version
from purveyor.backends.stores import ObjectStore, StoredObject
from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_BACKUP = ".backup"


class FolderStore(ObjectStore):
    """Texts in files below `root`: directories 0700, files 0600."""

    has_placeholders = True

    def __init__(self, root: Path, *, lasting: bool = True) -> None:
        """Keep what is written through a loss of power, where it is to be `lasting`."""
        self.root = root
        self._lasting = lasting

    def objects(self, begin: str) -> Iterator[StoredObject]:
        """Walk the folders in no order.

        What vanishes meanwhile, as a lock's info does, hides nothing that lies beside it.
        """
        folder, slash, name = begin.rpartition("/")
        with self.explained():
            try:
                entries = os.scandir(self.root / folder)
            except FileNotFoundError:
                return
            with entries:
                for entry in entries:
                    path = f"{folder}{slash}{entry.name}"
                    if not entry.name.startswith(name):
                        continue
                    yield from self.objects(f"{path}/") if entry.is_dir() else self._file(path)

    def _file(self, path: str) -> Iterator[StoredObject]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            stat = (self.root / path).stat()
            if S_ISREG(stat.st_mode):
                yield StoredObject(path, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def paths(self, folder: str) -> Iterator[str]:
        return (path for path, _ in self.dated(folder))

    def dated(self, folder: str) -> Iterator[tuple[str, float]]:
        """Pass over files that are still being written."""
        for path, written in super().dated(folder):
            if not path.rpartition("/")[2].startswith("."):
                yield path, written

    def read(self, path: str) -> str | None:
        with self.explained(), contextlib.suppress(FileNotFoundError):
            return (self.root / path).read_text(errors="replace")
        return None

    def create(self, path: str, text: str) -> bool:
        """Write a whole file under another name first, then link it: half a text is never seen."""
        with self.explained():
            written = self._write(path, text)
            try:
                os.link(written, self.root / path)
            except FileExistsError:
                return False
            finally:
                written.unlink()
            return True

    def put(self, path: str, text: str) -> None:
        with self.explained():
            self._write(path, text).replace(self.root / path)

    def remove(self, path: str) -> None:
        with self.explained():
            (self.root / path).unlink(missing_ok=True)

    def versions(self, path: str) -> list[StateVersion]:
        """Return the file, and the backups that the engine has left beside it."""
        file = self.root / path
        with self.explained():
            found = [
                (each.stat(), each.name)
                for each in file.parent.glob(f"{glob.escape(file.name)}*")
                if each == file or each.name.endswith(_BACKUP)
            ]
        # The file and its backup may be written within one tick of the file system's clock.
        newest_first = sorted(found, key=lambda each: (each[1] != file.name, -each[0].st_mtime_ns))
        return [
            StateVersion(
                name,
                datetime.fromtimestamp(stat.st_mtime, UTC),
                stat.st_size,
                latest=name == file.name,
            )
            for stat, name in newest_first
            if stat.st_size
        ]

    def version(self, path: str, version_id: str) -> str:
        """Read the file or one of its backups; `version_id` is its name."""
        if version_id not in {each.id for each in self.versions(path)}:
            raise no_version(path, version_id)
        with self.explained():
            return (self.root / path).with_name(version_id).read_text(errors="replace")

    def unversioned(self) -> str:
        return "A folder keeps no versions but the backup that the engine makes of the last one."

    def age(self, path: str) -> float | None:
        """Return how long ago a file was written, in seconds by its file system's clock."""
        with self.explained():
            try:
                written = (self.root / path).stat().st_mtime
            except FileNotFoundError:
                return None
            return _tell_time(self.root) - written

    def _write(self, path: str, text: str) -> Path:
        folder = (self.root / path).parent
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

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the system refuses into an error for readers."""
        try:
            yield
        except OSError as error:
            raise RecoveryError(
                f"The folder {self.root} cannot be used: {error.strerror}.",
                reason=ReasonCode.STATE_UNREADABLE,
                hint="Let the user that runs Purveyor read and write it.",
            ) from None


def _tell_time(root: Path) -> float:
    """Return the file system's time, which on a shared one is its server's."""
    try:
        with tempfile.TemporaryFile(dir=root) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:  # it may be full, or for reading only
        return time.time()

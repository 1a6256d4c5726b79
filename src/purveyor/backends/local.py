"""States in a folder of this machine, as the engines' `local` backend keeps them."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from purveyor.backends.lock_text import held, parse_lock
from purveyor.backends.model import (
    MOVED,
    Backend,
    ListedState,
    StateVersion,
    UnsupportedError,
    confirm_holder,
    no_version,
)
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.lock import Lock, describe_lock
from purveyor.state_key import JOURNAL, KEYS, SUFFIX, identity, parse_state
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends.folder_records import FolderRecords
    from purveyor.state_key import KeyScheme, Owner, StateDocument, StateKey

_PRIVATE = 0o700
_BACKUP = ".backup"
# struct flock of fcntl(2), 64 bit: on Linux type, whence, start, length, pid; on macOS the two
# shorts stand last.
_ON_MACOS = sys.platform == "darwin"
_FLOCK = "qqihh" if _ON_MACOS else "hhqqi"


class LocalStates(Backend):
    """States below `folder`."""

    keeps_markers = True
    takes_raw_states = True

    def __init__(self, folder: Path, keys: KeyScheme = KEYS) -> None:
        self.folder = folder.absolute()
        self.keys = keys

    @property
    def records(self) -> FolderRecords:
        """Records beside the states."""
        from purveyor.backends.folder_records import FolderRecords

        return FolderRecords(self.folder)

    def locate(self, entity: Owner) -> StateKey:
        """Look into the entity's folder, or for its very file where its key has no slug.

        An empty file is no state but the engine's placeholder while it holds the first lock.
        """
        start = self.keys.start(entity)
        with _readable(identity(entity)):
            if start.endswith(SUFFIX):
                files = [each for name in (start, f"{start}{MOVED}") for each in self._file(name)]
            else:
                files = list(self._files(start))
        return self.keys.choose(
            entity,
            states=[path for path, stat in files if stat.st_size],
            traces=[path for path, stat in files if not stat.st_size],
            marks=[path.removesuffix(MOVED) for path, _ in files if path.endswith(MOVED)],
        )

    def block(self, key: StateKey) -> BackendBlock:
        """Point the engine's `local` backend at the file, in a folder that only we may enter."""
        path = self.folder / key.path
        with _readable(key.path):
            for folder in reversed([each for each in path.parents if not each.exists()]):
                folder.mkdir(mode=_PRIVATE, exist_ok=True)
        return BackendBlock("local", {"path": str(path)})

    def read(self, key: StateKey) -> StateDocument | None:
        with _readable(key.path):
            try:
                content = (self.folder / key.path).read_bytes()
            except FileNotFoundError:
                return None
        return parse_state(content.decode(errors="replace"), where=key.path) if content else None

    def holder(self, key: StateKey) -> Lock | None:
        with _readable(key.path):
            return find_holder(self.folder / key.path)

    def remove(self, key: StateKey) -> None:
        """Remove backups and a dead run's lock info, then the state, then its empty folders."""
        path = self.folder / key.path
        holder = self.holder(key)
        if holder is not None:
            raise held(key.path, holder)
        with _readable(key.path):
            for backup in path.parent.glob(f"{glob.escape(path.name)}.*backup"):
                backup.unlink(missing_ok=True)
            _lock_info(path).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in self.keys.folders(key.path):
                (self.folder / folder).rmdir()

    def list(self) -> Iterator[ListedState]:
        """Walk through the folders that may hold states."""
        with _readable(""):
            for start in self.keys.starts():
                for path, stat in self._files(start):
                    parts = self.keys.read(path)
                    if parts and stat.st_size:
                        moment = datetime.fromtimestamp(stat.st_mtime, UTC)
                        yield ListedState(path, *parts, size=stat.st_size, modified=moment)

    def versions(self, key: StateKey) -> Sequence[StateVersion]:
        """Return the file, and the backups that the engine has left beside it."""
        path = self.folder / key.path
        with _readable(key.path):
            files = [
                (each.stat(), each.name)
                for each in path.parent.glob(f"{glob.escape(path.name)}*")
                if each == path or each.name.endswith(_BACKUP)
            ]
        # The file and its backup may be written within one tick of the file system's clock.
        newest_first = sorted(files, key=lambda file: (file[1] != path.name, -file[0].st_mtime_ns))
        return [
            StateVersion(
                name,
                datetime.fromtimestamp(stat.st_mtime, UTC),
                stat.st_size,
                latest=name == path.name,
            )
            for stat, name in newest_first
            if stat.st_size
        ]

    def unversioned(self) -> str:
        """Tell what a folder lacks."""
        return "A folder keeps no versions but the backup that the engine makes of the last one."

    def read_version(self, key: StateKey, version_id: str) -> str:
        """Read the state's file or one of its backups; `version_id` is the file's name."""
        path = self.folder / key.path
        if version_id not in {each.id for each in self.versions(key)}:
            raise no_version(key.path, version_id)
        with _readable(key.path):
            return path.with_name(version_id).read_text(errors="replace")

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """Find the lock free, since it ends with its process; a live one cannot be taken away."""
        holder = confirm_holder(self, key, lock_id)
        if holder is None:
            return False
        raise UnsupportedError(
            f"The lock of {key.path} is held by a running program and ends with it.",
            hint="Stop that program; the lock frees itself.",
            details=[f"held by {describe_lock(holder)}"],
        )

    def paths(self) -> Iterator[str]:
        """Walk through the whole folder."""
        with _readable(""):
            for folder, folders, names in os.walk(self.folder):
                folders.sort()
                for name in sorted(names):
                    yield (Path(folder) / name).relative_to(self.folder).as_posix()

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Read the file beside the state."""
        with _readable(key.path), contextlib.suppress(FileNotFoundError):
            return (self.folder / f"{key.path}{MOVED}").read_text(errors="replace")
        return None

    def mark_moved(self, key: StateKey, text: str) -> None:
        """Write the file beside the state, whole or not at all."""
        path = self.folder / f"{key.path}{MOVED}"
        draft = path.with_name(f".{path.name}.draft")
        with _readable(key.path):
            draft.write_text(text)
            draft.chmod(0o600)
            draft.replace(path)

    def unmark_moved(self, key: StateKey) -> None:
        """Remove the file beside the state."""
        with _readable(key.path):
            (self.folder / f"{key.path}{MOVED}").unlink(missing_ok=True)

    def create(self, key: StateKey, text: str) -> bool:
        """Write the file under another name first, and link it to its own if that is free."""
        path = self.folder / key.path
        draft = path.with_name(f".{path.name}.draft")
        with _readable(key.path):
            path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            draft.unlink(missing_ok=True)
            private = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(draft, private, 0o600), "w") as file:
                file.write(text)
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                return False
            finally:
                draft.unlink()
        return True

    def _files(self, begin: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the files whose paths begin so, as deep as a key is, while they come.

        What vanishes meanwhile, as a lock's info does, hides nothing that lies beside it.
        """
        if begin.count("/") >= self.keys.depth():
            return
        folder, slash, name = begin.rpartition("/")
        try:
            entries = os.scandir(self.folder / folder)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                path = f"{folder}{slash}{entry.name}"
                if not entry.name.startswith(name) or path == JOURNAL:
                    continue
                yield from self._files(f"{path}/") if entry.is_dir() else self._file(path)

    def _file(self, path: str) -> Iterator[tuple[str, os.stat_result]]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            stat = (self.folder / path).stat()
            if S_ISREG(stat.st_mode):
                yield path, stat


def find_holder(path: Path) -> Lock | None:
    """Ask the system who holds a state file's lock.

    The lock ends with its process, the lock info beside the state does not: that file alone
    proves nothing.
    """
    if not _is_locked(path):
        return None
    try:
        return parse_lock(_lock_info(path).read_text(errors="replace"))
    except FileNotFoundError:
        return Lock(id="")


def _lock_info(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock.info")


def _is_locked(path: Path) -> bool:
    question = struct.pack(_FLOCK, *_in_order(fcntl.F_WRLCK, os.SEEK_SET, [0, 0, 0]))
    try:
        with path.open("rb") as file:
            answer = fcntl.fcntl(file, fcntl.F_GETLK, question)
    except FileNotFoundError:
        return False
    return bool(struct.unpack(_FLOCK, answer)[-2 if _ON_MACOS else 0] != fcntl.F_UNLCK)


def _in_order(kind: int, whence: int, place: list[int]) -> list[int]:
    return [*place, kind, whence] if _ON_MACOS else [kind, whence, *place]


@contextlib.contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecoveryError(
            f"The state {where} cannot be reached in its folder: {error.strerror}.",
            reason=ReasonCode.STATE_UNREADABLE,
            hint="Give the run's user the folder named by `backend.path` in the catalog.",
        ) from error

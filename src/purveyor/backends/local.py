"""The backend `local`: the system's locks on its files, and where the engines are to look."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import struct
import sys
from typing import TYPE_CHECKING

from purveyor.backends.model import UnsupportedError, another_lock, held, parse_lock
from purveyor.backends.object_states import ObjectStates, StateLocks
from purveyor.backends.stores.local import FolderStore
from purveyor.lock import Lock, describe_lock
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.state_key import KeyScheme

# struct flock of fcntl(2), 64 bit: on Linux type, whence, start, length, pid; on macOS the two
# shorts stand last.
_ON_MACOS = sys.platform == "darwin"
_FLOCK = "qqihh" if _ON_MACOS else "hhqqi"
_PRIVATE = 0o700


class FileLocks(StateLocks):
    unlisted = None

    def __init__(self, store: FolderStore, keys: KeyScheme) -> None:
        self._store = store
        self._keys = keys

    def holder(self, path: str) -> Lock | None:
        with self._store.explained():
            return find_holder(self._store.root / path)

    def unlock(self, path: str, lock_id: str) -> bool:
        """Find the lock free, since it ends with its process; a live one cannot be taken away."""
        holder = self.holder(path)
        if holder is None:
            return False
        if holder.id != lock_id:
            raise another_lock(path, lock_id, holder)
        raise UnsupportedError(
            f"The lock of {path} is held by a running program and ends with it.",
            hint="Stop that program; the lock frees itself.",
            details=[f"held by {describe_lock(holder)}"],
        )

    def remove_state(self, path: str) -> None:
        """Remove backups and a dead run's lock info, then the state, then its empty folders."""
        holder = self.holder(path)
        if holder is not None:
            raise held(path, holder)
        root = self._store.root
        file = root / path
        with self._store.explained():
            for backup in file.parent.glob(f"{glob.escape(file.name)}.*backup"):
                backup.unlink(missing_ok=True)
            _lock_info(file).unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            for folder in self._keys.folders(path):
                (root / folder).rmdir()


def find_holder(file: Path) -> Lock | None:
    """Ask the system who holds a state file's lock.

    The lock ends with its process, the lock info beside the state does not: that file alone
    proves nothing.
    """
    if not _is_locked(file):
        return None
    try:
        return parse_lock(_lock_info(file).read_text(errors="replace"))
    except FileNotFoundError:
        return Lock(id="")


def _lock_info(file: Path) -> Path:
    return file.with_name(f".{file.name}.lock.info")


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


def open_local(folder: Path, keys: KeyScheme) -> ObjectStates:
    store = FolderStore(folder.absolute())

    def block(path: str) -> BackendBlock:
        """Point the engine at the file, in a folder that only we may enter."""
        file = store.root / path
        with store.explained():
            for parent in reversed([each for each in file.parents if not each.exists()]):
                parent.mkdir(mode=_PRIVATE, exist_ok=True)
        return BackendBlock("local", {"path": str(file)})

    return ObjectStates(store, FileLocks(store, keys), block, keys)

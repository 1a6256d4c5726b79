"""The backend `local`: its folder, its locks, and how the engines are told where a state is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.locks.file_lock import FileLocks
from purveyor.backends.object_states import ObjectStates
from purveyor.backends.stores.local import FolderStore
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.state_key import KeyScheme

_PRIVATE = 0o700


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

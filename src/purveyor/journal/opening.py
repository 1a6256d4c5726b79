"""Which store keeps the journal of a backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.catalog.backend import LocalBackend

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from purveyor.journal.store import Store


def open_store(config: BaseModel, *, root: Path) -> Store | None:
    """Return the store beside a backend's states; None where nothing can keep a journal."""
    if isinstance(config, LocalBackend):
        from purveyor.journal.folder import FolderStore

        return FolderStore(root / config.path)
    return None

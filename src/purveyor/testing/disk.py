"""A disk that is soon full."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def small_disk(folder: Path, *, kibibytes: int) -> Iterator[Path | None]:
    """Mount a small tmpfs on `folder` while the block runs; None where we may not."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={kibibytes}k"
    if not _call("mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)):
        yield None
        return
    try:
        yield folder
    finally:
        _call("umount", "-l", str(folder))


def fill(folder: Path, *, leaving: int) -> None:
    """Fill the disk that `folder` is on, up to `leaving` bytes."""
    room = shutil.disk_usage(folder).free - leaving
    with contextlib.suppress(OSError):
        (folder / ".filling").write_bytes(b"\0" * max(0, room))


def _call(*argv: str) -> bool:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return process.run(process.Command(argv, Path("/"), environment)).code == 0

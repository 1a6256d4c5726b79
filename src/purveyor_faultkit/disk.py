"""No room left: a small disk of its own, or limits to the files or the memory of one run."""

from __future__ import annotations

import contextlib
import resource
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process
from purveyor_faultkit.processes import find_marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor_faultkit.started import StartedCommand


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


def limit_files(started: StartedCommand, *, size: int) -> None:
    """Let no file of a run, its engine or their children grow beyond `size` bytes.

    Needs no rights and works in containers. A write then fails with EFBIG after what still fits,
    as on a full disk with ENOSPC (measured with Terraform 1.11.4: half a state is left behind).
    """
    _limit([each.pid for each in find_marked(started.mark)], resource.RLIMIT_FSIZE, size)


def limit_memory(pid: int) -> None:
    """Give one process, and those that it starts, no more memory than they have.

    Each further request fails with ENOMEM.
    """
    _limit([pid], resource.RLIMIT_AS, 1 << 20)


def _limit(pids: list[int], what: int, size: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(pid, what)
            resource.prlimit(pid, what, (size, hard))


def _call(*argv: str) -> bool:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return process.run(process.Command(argv, Path("/"), environment)).code == 0

"""Cells without room: on a small disk of its own, and in files that cannot grow any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_deeds import Deed, opened, request_action
from fault_fixtures import Row, follow_up

from purveyor_faultkit import FolderPlace, limit_files, small_disk
from purveyor_faultkit.disk import fill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# What lies on the disk that is full: variables of the run, and whether its states do.
PLACES: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "disk full": (("TMPDIR",), True),
    "disk full, work folder alone": (("TMPDIR",), False),
    "disk full, home alone": (("HOME",), False),
    "disk full, states alone": ((), True),
}


def disk_is_full(
    folder: Path, environment: Mapping[str, str], deed: Deed, *, name: str = "disk full"
) -> Row | None:
    """Room runs out while the engine is at work; None where no disk can be mounted."""
    variables, states = PLACES[name]
    with small_disk(folder / "disk", kibibytes=2048) as disk:
        if disk is None:
            return None
        tight = dict(environment)
        if "HOME" in variables:
            del tight["PURVEYOR_CACHE"]
        for each in variables:
            (disk / each).mkdir()
            tight[each] = str(disk / each)
        kept = (disk if states else folder) / "kept"
        kept.mkdir()
        backend = f"{{type: local, path: {kept}}}"
        with opened(folder, tight, backend=backend, place=FolderPlace(kept)) as harness:
            requested = request_action(harness, deed)
            deed.early.shut(harness.resource_log)
            started = harness.start(requested)
            deed.early.await_line(harness, started)
            fill(disk, leaving=0)
            harness.resource_log.open()
            started.end()
            (disk / ".filling").unlink()
            return follow_up(harness, requested, (name, "apply"), started, deed=deed)


def files_cannot_grow(
    folder: Path, environment: Mapping[str, str], deed: Deed, *, size: int
) -> Row:
    """No file of the run can grow beyond a size while the engine is at work."""
    with opened(folder, environment) as harness:
        requested = request_action(harness, deed)
        deed.early.shut(harness.resource_log)
        started = harness.start(requested)
        deed.early.await_line(harness, started)
        limit_files(started, size=size)
        harness.resource_log.open()
        started.end()
        name = (f"files end at {size} bytes", "apply")
        return follow_up(harness, requested, name, started, deed=deed)

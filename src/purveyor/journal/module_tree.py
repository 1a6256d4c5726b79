"""A module's files as one text, and back: the same files give the same text."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import io
import itertools
import tarfile
import zlib
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MAX_PACKED = 1 << 20  # bytes, compressed
MAX_UNPACKED = 64 << 20  # bytes; a tar adds at most 1.5 KiB a file


@dataclass(frozen=True, slots=True)
class ModuleTree:
    """`text` is the base64 of a tar.gz, `digest` the tar's SHA-256; empty above the limits."""

    text: str
    digest: str


def pack_tree(root: Path, own: Collection[str] = ()) -> ModuleTree:
    """Pack everything below `root`, but for git's files and the engine's `own`."""
    paths = [each for each in sorted(root.rglob("*")) if not _is_left(each.relative_to(root), own)]
    if sum(path.lstat().st_size for path in paths) > MAX_UNPACKED:
        return ModuleTree("", "")
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in paths:
            _add(archive, path, str(path.relative_to(root)))
    packed = gzip.compress(plain.getvalue(), mtime=0)
    text = base64.b64encode(packed).decode() if len(packed) <= MAX_PACKED else ""
    return ModuleTree(text, hashlib.sha256(plain.getvalue()).hexdigest())


def _is_left(path: Path, own: Collection[str]) -> bool:
    inside = itertools.pairwise(path.parts)
    return ".git" in path.parts or any(f"{a}/{b}" in own for a, b in inside)


def unpack_tree(text: str, into: Path) -> None:
    """Write the files below `into`; raise RecoveryError for a damaged text.

    Nothing is written outside of `into`: tarfile's own filter refuses that.
    """
    try:
        reader = zlib.decompressobj(wbits=31)
        plain = reader.decompress(base64.b64decode(text, validate=True), 2 * MAX_UNPACKED)
        with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
            into.mkdir(mode=0o700, parents=True)
            archive.extractall(into, filter="data")
    except (binascii.Error, zlib.error, tarfile.TarError, EOFError) as error:
        raise RecoveryError(
            f"The module in the capsule is damaged ({type(error).__name__}).",
            reason=ReasonCode.STATE_UNREADABLE,
            hint="Restore an earlier version of the capsule, or put the module back into the"
            " catalog.",
        ) from None


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = archive.gettarinfo(path, name)
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
    if entry.isfile():
        with path.open("rb") as file:
            archive.addfile(entry, file)
    elif entry.isdir() or entry.issym():
        archive.addfile(entry)

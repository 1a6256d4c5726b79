"""A private copy of a local module and of all that it refers to, in the same places."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
from pathlib import Path

from purveyor.engines.terraform.references import find_references
from purveyor.errors import CatalogError, ReasonCode

MAX_FILES = 20_000
MAX_BYTES = 512 * 1024 * 1024
_LEFT_OUT = ("*.tfstate*", ".git", ".terraform", "node_modules", "__pycache__", ".venv")
_LEAVES = re.compile("|".join(fnmatch.translate(pattern) for pattern in _LEFT_OUT))


def copy_module(root: Path, module: Path, into: Path) -> Path:
    """Copy the module below `root` into `into`; return the copy's directory.

    Local modules that it calls and upward paths that it names are copied to the same places
    beside it. Raise CatalogError for a module that is not there, a link or a reference that
    leaves `root`, or a tree above the limits.
    """
    real_root = Path(os.path.realpath(root))
    real_module = Path(os.path.realpath(root / module))
    if not real_module.is_relative_to(real_root):
        raise _refuse(f"The module {module} leads out of the catalog's folder.")
    if not real_module.is_dir():
        raise CatalogError(
            f"The module {module} is no directory.",
            reason=ReasonCode.MODULE_NOT_FOUND,
            hint="Correct the path in the catalog, or add the module.",
        )
    copy = _Copy(real_root, into)
    copy.take_module(real_module)
    return into / real_module.relative_to(real_root)


class _Copy:
    def __init__(self, root: Path, into: Path) -> None:
        self._root = root
        self._into = into
        self._seen: set[Path] = set()
        self._files = 0
        self._bytes = 0

    def take_module(self, directory: Path) -> None:
        waiting, seen = [directory], {directory}
        while waiting:
            module = waiting.pop()
            self._take(module)
            references = find_references(module)
            for source in references.modules:
                called = self._called(module, source)
                if called.is_dir() and called not in seen:
                    seen.add(called)
                    waiting.append(called)
            for path in references.paths:
                self._take_path(module, path)

    def _called(self, module: Path, source: str) -> Path:
        called = Path(os.path.realpath(module / source.split("//", 1)[0]))
        if not called.is_relative_to(self._root):
            name = module.relative_to(self._root)
            raise _refuse(f"The module {name} calls {source}, outside of the catalog's folder.")
        return called

    def _take_path(self, module: Path, path: str) -> None:
        named = Path(os.path.realpath(module / path))
        # Without a match it may be the beginning of a name that the module completes.
        target = named if named.exists() else named.parent
        if target.is_relative_to(self._root) and target.exists() and target != self._root:
            self._take(target)

    def _take(self, source: Path) -> None:
        waiting = [source]
        while waiting:
            path = waiting.pop()
            if path in self._seen:
                continue
            self._seen.add(path)
            target = self._into / path.relative_to(self._root)
            if path.is_symlink():
                waiting.append(self._link(path, target))
            elif path.is_dir():
                target.mkdir(mode=0o700, parents=True, exist_ok=True)
                waiting += self._entries(path)
            elif path.is_file():
                self._copy_file(path, target)

    def _entries(self, directory: Path) -> list[Path]:
        with os.scandir(directory) as entries:
            return [Path(each.path) for each in entries if not _LEAVES.fullmatch(each.name)]

    def _link(self, link: Path, copy: Path) -> Path:
        target = Path(os.path.realpath(link))
        if not target.is_relative_to(self._root):
            name = link.relative_to(self._root)
            raise _refuse(f"The link {name} leads out of the catalog's folder.")
        if not copy.is_symlink():
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy.symlink_to(os.path.relpath(target, link.parent))
        return target

    def _copy_file(self, path: Path, target: Path) -> None:
        self._files += 1
        self._bytes += path.stat().st_size
        if self._files > MAX_FILES or self._bytes > MAX_BYTES:
            raise _refuse(
                f"The module with all it refers to is larger than {MAX_FILES} files or"
                f" {MAX_BYTES >> 20} MiB."
            )
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o700 if os.access(path, os.X_OK) else 0o600)


def _refuse(message: str) -> CatalogError:
    return CatalogError(
        message,
        reason=ReasonCode.MODULE_INVALID,
        hint="Keep the module and all it needs in the catalog's folder, and big files out of it.",
    )

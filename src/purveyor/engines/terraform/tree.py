"""A private copy of a local module and of all that it refers to, in the same places.

All of it is copied but for git's and the engine's own folders, and a state beside a module's files.
What git tracks would be another rule, but jobs build files that no commit holds.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
from pathlib import Path

from purveyor.engines.terraform.references import find_references
from purveyor.errors import CatalogError, ReasonCode

MAX_FILES = 100_000
MAX_BYTES = 512 * 1024 * 1024
_NEVER = frozenset({".git", ".terraform"})
_STATES = ("*.tfstate", "*.tfstate.backup", "*.tfstate.*.backup", "*.tfstate.lock.info")
_STATE = re.compile("|".join(map(fnmatch.translate, _STATES)))
_OUR_STATES = ".purveyor"  # where states and journal lie by default, below the catalog's folder


def copy_module(root: Path, module: Path, into: Path) -> tuple[Path, tuple[str, ...]]:
    """Copy the module below `root` into `into`; return its directory there, and what is missing.

    Local modules that it calls and upward paths that it names are copied to the same places
    beside it. Raise CatalogError for a module that is not there, a link or a call that leaves
    `root`, or a tree above the limits.
    """
    copy = plan_copy(root, module)
    if copy.faults:
        raise CatalogError(
            f"The module {module} cannot be taken into a run.",
            reason=ReasonCode.MODULE_INVALID,
            details=copy.faults,
            hint="Keep the module and all it needs in the catalog's folder, and big files out of"
            " it.",
        )
    for path in copy.entries:
        _write(path, into / path.relative_to(copy.root))
    return into / Path(os.path.realpath(root / module)).relative_to(copy.root), (*copy.lost,)


def plan_copy(root: Path, module: Path) -> CopyPlan:
    """Find all that a copy has to hold; raise CatalogError for a module that is not there."""
    real_module = Path(os.path.realpath(root / module))
    plan = CopyPlan(Path(os.path.realpath(root)))
    if not real_module.is_relative_to(plan.root):
        plan.faults.append(f"{module}: it leaves the catalog's folder")
    elif real_module.is_dir():
        plan.take_module(real_module)
    else:
        raise CatalogError(
            f"The module {module} is no directory.",
            reason=ReasonCode.MODULE_NOT_FOUND,
            hint="Correct the path in the catalog, or add the module.",
        )
    return plan


class CopyPlan:
    """What is to be copied: `entries`, real paths below `root` and links between them.

    `faults` forbid it. `lost` tells what a module seems to refer to and does not get, `guesses`
    where more is copied than it may need.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: dict[Path, None] = {}
        self.faults: list[str] = []
        self.lost: list[str] = []
        self.guesses: list[str] = []
        self._modules: set[Path] = set()
        self._files = 0
        self._bytes = 0

    def take_module(self, directory: Path) -> None:
        """Take a module, the local ones that it calls, and all that these name."""
        waiting = [directory]
        while waiting:
            module = waiting.pop()
            if module in self._modules:
                continue
            self._modules.add(module)
            name = module.relative_to(self.root)
            self._take(module, str(name), strays=self.faults)
            references = find_references(module)
            for source in references.modules:
                called = Path(os.path.realpath(module / source.split("//", 1)[0]))
                if not called.is_relative_to(self.root):
                    self.faults.append(
                        f"{name}: its source {source} is outside the catalog's folder"
                    )
                elif called.is_dir():
                    waiting.append(called)
            for path in references.paths:
                self._take_named(Path(os.path.realpath(module / path)), f"{name}: it names {path}")
            for file in references.unread:
                self._take_whole(f"{name}/{file}: it puts a path upwards together")

    def _take_named(self, named: Path, why: str) -> None:
        # Without a match it may be the beginning of a name that the module completes.
        target = named if named.exists() else named.parent
        if not target.is_relative_to(self.root):
            self.lost.append(f"{why}, outside the catalog's folder: it is not copied")
        elif target == self.root:
            self._take_whole(why)
        else:
            self._take(target, why, strays=self.lost)

    def _take_whole(self, why: str) -> None:
        before = (dict(self.entries), self._files, self._bytes)
        if self._take(self.root, why, strays=self.lost, forbids=False):
            self.guesses.append(f"{why}, so that the whole catalog's folder is copied for each run")
        else:
            self.entries, self._files, self._bytes = before

    def _take(self, source: Path, why: str, *, strays: list[str], forbids: bool = True) -> bool:
        waiting = [source]
        while waiting:
            path = waiting.pop()
            if path in self.entries:
                continue
            if path.is_symlink():
                target = Path(os.path.realpath(path))
                if not target.is_relative_to(self.root):
                    name = path.relative_to(self.root)
                    strays.append(f"{name}: the link leaves the catalog's folder")
                    continue
                waiting.append(target)
            elif path.is_dir():
                waiting += self._entries(path)
            elif path.is_file():
                self._files += 1
                self._bytes += path.stat().st_size
            self.entries[path] = None
            if self._files > MAX_FILES or self._bytes > MAX_BYTES:
                much = f"this is more than {MAX_FILES} files or {MAX_BYTES >> 20} MiB"
                (self.faults if forbids else self.lost).append(f"{why}: {much}")
                return False
        return True

    def _entries(self, directory: Path) -> list[Path]:
        with os.scandir(directory) as entries:
            names = {entry.name for entry in entries} - _NEVER
        if directory == self.root:
            names.discard(_OUR_STATES)
        if directory in self._modules:
            names = {name for name in names if not _STATE.fullmatch(name)}
        return [directory / name for name in names]


def _write(path: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_symlink():
        target.symlink_to(os.path.relpath(os.path.realpath(path), path.parent))
    elif path.is_dir():
        target.mkdir(mode=0o700, exist_ok=True)
    elif path.is_file():
        shutil.copyfile(path, target)
        target.chmod(0o700 if os.access(path, os.X_OK) else 0o600)

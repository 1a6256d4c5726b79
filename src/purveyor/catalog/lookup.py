"""Finds what serves a slug: the catalog's entry, or the folder that convention names.

services  `modules/<service slug>/`
links     `modules/<service slug>/links/<link slug>/`, else `modules/<service slug>/links/default/`
actions   `actions/<action slug>/` in one of these folders, with one executable named `run`
"""

from __future__ import annotations

import dataclasses
import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError, ReasonCode
from purveyor.program import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from purveyor.catalog.document import Trail
    from purveyor.catalog.entries import Entry, ServiceEntry
    from purveyor.catalog.model import CatalogModel
    from purveyor.catalog.module_entry import ModuleEntry

MODULES = "modules"
LINKS = "links"
ACTIONS = "actions"
DEFAULT = "default"
PROGRAM_NAMES = ("run", "run.py", "run.sh")
# No file system that an engine runs on has longer names than 255 bytes.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


@dataclass(frozen=True, slots=True)
class ModuleTarget:
    """A module's entry, or a step's."""

    entry: ModuleEntry
    trail: Trail  # to the entry in the file; empty when convention alone serves it
    folder: Path  # the one that convention names, whether or not it is there


@dataclass(frozen=True, slots=True)
class Target(ModuleTarget):
    entry: Entry

    def steps(self) -> tuple[ModuleTarget, ...]:
        """Return its steps in order, those that verify last; itself where it has one only."""
        entries = sorted(enumerate(self.entry.steps), key=lambda each: each[1].verify)
        trail = (*self.trail, "steps")
        found = (ModuleTarget(each, (*trail, number), self.folder) for number, each in entries)
        return tuple(found) or (self,)


@dataclass(frozen=True, slots=True)
class ServiceTarget(Target):
    """What serves one service specification, and the entries of the links to it."""

    entry: ServiceEntry


def find_service(root: Path, model: CatalogModel, slug: str) -> ServiceTarget:
    from purveyor.catalog.entries import ServiceEntry

    folder = root / MODULES / (slug if is_safe(slug) else DEFAULT)
    if slug in model.services:
        return ServiceTarget(model.services[slug], ("services", slug), folder)
    if is_safe(slug) and folder.is_dir():
        return ServiceTarget(ServiceEntry(), (), folder)
    known = {*model.services, *list_folders(root / MODULES)}
    raise CatalogError(
        f"No module serves the service specification {slug[:80]!r}.",
        reason=ReasonCode.MODULE_NOT_FOUND,
        hint=_suggest(slug, known)
        or "Add it under `services:` in purveyor.yaml, or put a module into that folder.",
        details=("looked under `services:`", f"looked for {MODULES}/{slug[:80]}/"),
    )


def find_link(root: Path, service: ServiceTarget, slug: str) -> Target:
    """Return what serves a link specification: its entry, its folder, then the defaults'."""
    from purveyor.catalog.entries import Entry

    links, folder = service.entry.links, service.folder / LINKS
    for name in (slug, DEFAULT):
        if name in links:
            return Target(links[name], (*service.trail, LINKS, name), folder / name)
        if is_safe(name) and (folder / name).is_dir():
            return Target(Entry(), (), folder / name)
    known = {*links, *list_folders(folder)}
    raise CatalogError(
        f"No module serves the link specification {slug[:80]!r} of {service.folder.name!r}.",
        reason=ReasonCode.MODULE_NOT_FOUND,
        hint=_suggest(slug, known)
        or "Add it under the service's `links:`, or put a module into one of those folders.",
        details=(
            "looked under the service's `links:`",
            f"looked for {_show(root, folder)}/{slug[:80]}/ and {_show(root, folder)}/{DEFAULT}/",
        ),
    )


def find_module(root: Path, target: ModuleTarget) -> Path:
    """Return the folder of a target's module; raise CatalogError if it is missing or outside."""
    folder = root / target.entry.module if target.entry.module else target.folder
    if not folder.is_dir():
        raise CatalogError(
            f"The module folder {_show(root, folder)}/ does not exist.",
            reason=ReasonCode.MODULE_NOT_FOUND,
            hint="Create it, or say in the entry's `module` where the module is; an address in a"
            " registry needs `version` beside it.",
        )
    if not folder.resolve().is_relative_to(root):
        raise CatalogError(
            f"The module folder {_show(root, folder)}/ is a link that leaves the catalog's folder.",
            hint="Keep modules below the catalog's folder, or name them by a pinned address.",
        )
    return folder


def has_program(target: Target, slug: str) -> bool:
    return slug in target.entry.actions or (
        is_safe(slug) and (target.folder / ACTIONS / slug).is_dir()
    )


def find_program(root: Path, target: Target, slug: str) -> CommandLine:
    """Return a custom action's program; raise CatalogError if there is none."""
    entry = target.entry.actions.get(slug)
    actions = target.folder / ACTIONS
    found: CommandLine | None = None
    if entry is not None and entry.run:
        found = CommandLine(place_program(root, entry.run), root)
    elif is_safe(slug) and (actions / slug).is_dir():
        found = CommandLine((str(find_executable(root, actions / slug)),), actions / slug)
    elif entry is not None and entry.outputs:
        found = CommandLine((), root)  # it hands them out
    if found is not None:
        return (
            found
            if entry is None
            else dataclasses.replace(
                found,
                timeout=float(entry.timeout),
                outputs=None if entry.outputs is None else tuple(entry.outputs),
                environment=None if entry.environment is None else frozenset(entry.environment),
                secrets=None if entry.secrets is None else frozenset(entry.secrets),
            )
        )
    known = {*target.entry.actions, *list_folders(actions)}
    raise CatalogError(
        f"No program serves the custom action {slug[:80]!r}.",
        reason=ReasonCode.ACTION_UNKNOWN,
        hint=_suggest(slug, known)
        or "Add it under the entry's `actions:`, or put an executable named run into that folder.",
        details=(
            "looked under the entry's `actions:`",
            f"looked for {_show(root, actions)}/{slug[:80]}/",
        ),
    )


def place_program(root: Path, words: Sequence[str]) -> tuple[str, ...]:
    """Return a program's words; one with a slash in its name lies below the catalog's folder."""
    program = [str(root / word) if "/" in word else word for word in words[:1]]
    return (*program, *words[1:])


def find_executable(root: Path, folder: Path) -> Path:
    """Return the one executable that an action's folder must hold; raise CatalogError if not."""
    there = [folder / name for name in PROGRAM_NAMES if (folder / name).is_file()]
    if len(there) == 1 and os.access(there[0], os.X_OK):
        return there[0]
    if len(there) == 1:
        problem, hint = f"{there[0].name} is not executable", "Set its executable bit."
    else:
        names = ", ".join(each.name for each in there) or "none"
        problem = f"it must hold exactly one of {', '.join(PROGRAM_NAMES)}, and holds {names}"
        hint = "Keep one program, executable, and name it run."
    raise CatalogError(
        f"The action's folder {_show(root, folder)}/ cannot be used: {problem}.",
        reason=ReasonCode.ACTION_UNKNOWN,
        hint=hint,
    )


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder that can be slugs; none if it is missing."""
    if not folder.is_dir():
        return []
    return sorted(each.name for each in folder.iterdir() if each.is_dir() and is_safe(each.name))


def is_service(folder: Path, is_module_file: Callable[[str], bool]) -> bool:
    """Tell whether a folder without an entry serves a service, or only groups modules."""
    names = {each.name for each in folder.iterdir()}
    return bool(names & {LINKS, ACTIONS}) or any(map(is_module_file, names))


def is_safe(slug: str) -> bool:
    """Tell whether a slug, which comes from outside, can be one part of a path."""
    return bool(_SAFE.fullmatch(slug))


def _suggest(slug: str, known: Iterable[str]) -> str:
    close = get_close_matches(slug, sorted(known), n=1)
    return f'Did you mean "{close[0]}"?' if close else ""


def _show(root: Path, path: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

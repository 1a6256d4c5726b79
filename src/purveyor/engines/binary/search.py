"""Finding the engine that a catalog asks for: on PATH, in the cache, or by installing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.dataclass import dataclass
from purveyor.engines.binary.constraint import parse_constraint, read_version
from purveyor.engines.binary.model import PROGRAMS, TESTED_OPENTOFU, EngineBinary
from purveyor.engines.binary.places import cached_programs, engines_folder
from purveyor.engines.binary.version import program_version
from purveyor.errors import EngineError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from purveyor.settings import Settings
    from purveyor.step import EngineRequirement

_YES = frozenset({"1", "true", "yes"})
_EXACT = re.compile(r"\s*=?\s*v?(\d+\.\d+\.\d+\S*)\s*")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program in a place where engines are looked for; `version` is empty if it tells none."""

    name: str
    path: Path
    place: str
    version: str


def find_engine(requirement: EngineRequirement, settings: Settings) -> EngineBinary:
    """Return the first program that is what the catalog asks for.

    An empty name takes either engine: `tofu`, then `terraform`, on PATH, then in the cache.
    Raise EngineError that names every place and what was found there; CatalogError for a
    constraint that is none.
    """
    names = _names(requirement.name)
    fits = parse_constraint(requirement.version).contains if requirement.version.strip() else bool
    seen = []
    for each in candidates(names, settings):
        version = read_version(each.version)
        if version is not None and fits(version):
            return EngineBinary(each.path, each.name, each.version)
        seen.append(each)
    raise EngineError(
        f"No {_wanted(requirement)} was found.",
        hint=_next_step(requirement),
        details=[*_places(names, seen, settings)],
        reason=ReasonCode.ENGINE_NOT_FOUND,
    )


def candidates(names: tuple[str, ...], settings: Settings) -> Iterator[Candidate]:
    """Go through every program in the order of preference; each is asked only when its turn is."""
    for name in names:
        path = process.find(PROGRAMS[name], settings.for_children())
        if path is not None:
            yield Candidate(name, path.absolute(), "PATH", program_version(path, settings))
    for name in names:
        for path in cached_programs(name, settings):
            yield Candidate(name, path, "cache", program_version(path, settings))


def _names(name: str) -> tuple[str, ...]:
    if not name:
        return tuple(PROGRAMS)
    if name in PROGRAMS:
        return (name,)
    raise EngineError(
        f"There is no engine {name[:64]!r} to look for.",
        hint=f"Name one of: {', '.join(PROGRAMS)}.",
        reason=ReasonCode.ENGINE_NOT_FOUND,
    )


def _wanted(requirement: EngineRequirement) -> str:
    name = requirement.name or "opentofu or terraform"
    return f"{name} {requirement.version}".strip()


def _next_step(requirement: EngineRequirement) -> str:
    terraform = " --name terraform --version VERSION" if requirement.name == "terraform" else ""
    steps = [f"Run `purveyor engine install{terraform}`", "put the program on PATH"]
    if requirement.version:
        steps.append("widen the engine version in the catalog")
    return f"{', or '.join(steps)}."


def _places(names: tuple[str, ...], seen: list[Candidate], settings: Settings) -> Iterator[str]:
    for name in names:
        found = [each for each in seen if each.name == name and each.place == "PATH"]
        if not found:
            folders = settings.text("PATH") or "(not set)"
            yield f"PATH: no `{PROGRAMS[name]}` in {folders}"
        yield from map(_described, found)
    for name in names:
        found = [each for each in seen if each.name == name and each.place == "cache"]
        if not found:
            yield f"cache: no {name} in {engines_folder(settings) / name}"
        yield from map(_described, found)


def _described(each: Candidate) -> str:
    version = each.version or "does not tell its version"
    return f"{each.place}: {each.path}: {version}"


def supply_engine(
    requirement: EngineRequirement, settings: Settings, *, say: Callable[[str], None]
) -> EngineBinary:
    """Return an engine that fits; with PURVEYOR_ENGINE_INSTALL, install one if none is there.

    An exact version in the catalog is the one installed; else the OpenTofu that Purveyor is
    tested with, if it fits. Raise EngineError as `find_engine` does, also when it is not clear
    which version to install. Main thread only.
    """
    try:
        return find_engine(requirement, settings)
    except EngineError as error:
        wished = (settings.text("PURVEYOR_ENGINE_INSTALL") or "").lower() in _YES
        version = _version_to_install(requirement) if wished else None
        if error.reason is not ReasonCode.ENGINE_NOT_FOUND or version is None:
            raise
    from purveyor.engines.binary.install import Watcher, install_engine
    from purveyor.engines.binary.release import Release

    base = settings.text("PURVEYOR_ENGINE_RELEASES") or ""
    release = Release(requirement.name or "opentofu", version, base)
    return install_engine(release, settings, watcher=Watcher(say)).engine


def _version_to_install(requirement: EngineRequirement) -> str | None:
    exact = _EXACT.fullmatch(requirement.version)
    if exact:
        return exact[1]
    if requirement.name == "terraform":
        return None
    tested = read_version(TESTED_OPENTOFU) or ""
    return TESTED_OPENTOFU if parse_constraint(requirement.version).contains(tested) else None

"""The engine that a catalog asks for: found or, where that is wished for, installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.engines.binary.constraint import parse_constraint, read_version
from purveyor.engines.binary.model import TESTED_OPENTOFU
from purveyor.engines.binary.search import find_engine
from purveyor.errors import EngineError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.engines.binary.model import EngineBinary
    from purveyor.settings import Settings
    from purveyor.step import EngineRequirement

_YES = frozenset({"1", "true", "yes"})
_EXACT = re.compile(r"\s*=?\s*v?(\d+\.\d+\.\d+\S*)\s*")


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

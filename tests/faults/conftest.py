"""An environment with one engine in it, for real runs that are broken on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_deeds import MADE

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary


@pytest.fixture
def environment(
    clean_environment: dict[str, str],
    engine: EngineBinary,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """An environment in which only `engine` is found."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / engine.path.name).symlink_to(engine.path)
    made = tmp_path_factory.getbasetemp() / f"made-by-{engine.name}"
    made.mkdir(exist_ok=True)
    return {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
        MADE: str(made),
    }

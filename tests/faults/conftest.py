"""An environment with one engine in it, for real runs that are broken on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_deeds import MADE

if TYPE_CHECKING:
    from purveyor.engines.binary import EngineBinary


@pytest.fixture
def environment(
    engine_environment: dict[str, str],
    engine: EngineBinary,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """An environment in which only `engine` is found."""
    made = tmp_path_factory.getbasetemp() / f"made-by-{engine.name}"
    made.mkdir(exist_ok=True)
    return {**engine_environment, MADE: str(made)}

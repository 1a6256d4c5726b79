"""A double of the CIs, and a folder for what Microsoft's library keeps between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_api_fixtures import CiDouble, run_ci_double

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CiDouble]:
    """A CI that knows of no run yet."""
    with pytest.MonkeyPatch.context() as patch, run_ci_double() as running:
        patch.setenv("AZURE_DEVOPS_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "azure"))
        yield running

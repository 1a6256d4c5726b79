"""A practice where nothing is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from doctor_fixtures import ACCOUNT, MODULE, PIPELINE, SEED, WORKFLOW, Practice

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.json_text import JsonObject


@pytest.fixture
def practice(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Practice]:
    with Emulator.running(seed=cast("JsonObject", SEED)) as emulator:
        environment = {**clean_environment, **emulator.environment(), "PURVEYOR_NRN": ACCOUNT}
        found = Practice(tmp_path / "catalog", emulator, environment)
        found.write("modules/cache/main.tf", MODULE)
        found.write(".git/HEAD", "")
        found.write(PIPELINE, WORKFLOW)
        found.set_catalog()
        (found.root / "states").mkdir(mode=0o700)
        found.create_channel("cache")
        yield found

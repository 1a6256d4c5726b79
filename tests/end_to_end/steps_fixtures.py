"""The example in several steps, on an emulator of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline
from purveyor_emulator import Emulator
from service_fixtures import OwnService, attribute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

EXAMPLE = Path(__file__).parents[2] / "examples/steps"
PROPERTIES: JsonObject = {
    "folder": attribute("string", "create"),
    "first_customer": attribute("string", "create", "update"),
    "endpoint": attribute("string"),
    "report": attribute("string"),
    "customers": attribute("integer"),
    "password": attribute("string", "create", "update", secret=True),
}


@pytest.fixture
def service(tmp_path: Path, tofu: Path, clean_environment: dict[str, str]) -> Iterator[OwnService]:
    catalog = Path(shutil.copytree(EXAMPLE, tmp_path / "catalog"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "tofu").symlink_to(tofu)
    environment = {
        **clean_environment,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PURVEYOR_CACHE": str(tmp_path / "cache"),
    }
    schema: JsonObject = {"type": "object", "properties": PROPERTIES}
    seed: JsonObject = {"specifications": [{"slug": "seeded-database", "attributes": schema}]}
    with Emulator.running(seed=seed) as emulator:
        entity = str(emulator.create_service("seeded-database", name="news")["id"])
        yield OwnService(Pipeline(catalog, environment, emulator), emulator, entity)

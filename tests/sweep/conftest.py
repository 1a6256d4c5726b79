"""Sweeps over a folder and over S3."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from sweep_fixtures import Stage, write_catalog

from ci_api_fixtures import run_ci_double
from moto_server import REGION, MotoServer
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_api_fixtures import CiDouble


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """One platform for all tests; each test asks for actions of its own."""
    with Emulator.running() as running:
        yield running


@pytest.fixture
def double() -> Iterator[CiDouble]:
    """A GitHub that knows of no run yet."""
    with run_ci_double() as running:
        yield running


@pytest.fixture
def bucket(
    tmp_path: Path,
    moto: MotoServer,
    emulator: Emulator,
    double: CiDouble,
    clean_environment: dict[str, str],
) -> Stage:
    """A sweep over S3."""
    name = f"sweep-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(name)
    catalog = write_catalog(tmp_path / "in-s3", {"type": "s3", "bucket": name, "region": REGION})
    return Stage(catalog, emulator, double, clean_environment | moto.environment())


@pytest.fixture(params=["folder", "s3"])
def stage(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    emulator: Emulator,
    double: CiDouble,
    clean_environment: dict[str, str],
) -> Stage:
    """A sweep over each kind of store."""
    if request.param == "s3":
        found: Stage = request.getfixturevalue("bucket")
        return found
    catalog = write_catalog(tmp_path / "in-folder", {"type": "local", "path": "states"})
    return Stage(catalog, emulator, double, clean_environment)

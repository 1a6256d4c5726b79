"""Catalogs on a folder and on a real S3 server, and the real command between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from state_stage import Stage, local_stage, s3_stage

from moto_server import MotoServer, run_moto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One moto server for all tests; each test makes a bucket of its own."""
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def environment(clean_environment: dict[str, str], moto: MotoServer) -> dict[str, str]:
    """An environment in which S3 is the moto server."""
    return clean_environment | moto.environment()


@pytest.fixture
def folder(tmp_path: Path, environment: dict[str, str]) -> Stage:
    """A catalog whose states lie in a folder."""
    return local_stage(tmp_path / "in-folder", environment)


@pytest.fixture
def bucket(tmp_path: Path, environment: dict[str, str], moto: MotoServer) -> Stage:
    """A catalog whose states lie in a versioned bucket."""
    return s3_stage(tmp_path / "in-bucket", environment, moto, lock="lockfile")


@pytest.fixture(params=["folder", "bucket"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Each of the two in turn."""
    found: Stage = request.getfixturevalue(request.param)
    return found

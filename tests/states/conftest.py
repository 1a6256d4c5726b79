"""Catalogs on a folder, on a real S3 server and in every other store; the command between them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from state_fixtures import Stage, local_stage, s3_stage
from state_store_fixtures import Stores

from http_state_server import HttpStateServer, run_http_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from moto_server import MotoServer


@pytest.fixture(scope="session")
def http_states() -> Iterator[HttpStateServer]:
    """One server of the http protocol; each place has addresses of its own."""
    with run_http_states() as server:
        yield server


@pytest.fixture
def started() -> Iterator[contextlib.ExitStack]:
    """What a test starts, and what ends with it."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def stores(request: pytest.FixtureRequest, clean_environment: dict[str, str]) -> Stores:
    """Places of every kind, all reached with one environment."""
    return Stores(request, clean_environment)


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

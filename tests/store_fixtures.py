"""The stores that tests share: one server of each kind, started by the first test that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azurite_server import AzuriteServer
    from consul_server import ConsulServer
    from fake_gcs_server import FakeGcsServer
    from minio_server import MinioServer
    from moto_server import MotoServer
    from postgres_server import PostgresServer
    from real_programs import RealPrograms


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One moto server for all tests; each test makes a bucket of its own."""
    from moto_server import run_moto

    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests; each test makes a schema of its own."""
    from postgres_server import find_programs, run_postgres

    if find_programs() is None:
        pytest.skip(f"{LEFT_OUT}no PostgreSQL")
    with run_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def consul(real: RealPrograms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsulServer]:
    """One Consul server for all tests; each test has a prefix of its own."""
    if real.consul is None:
        pytest.skip(f"{LEFT_OUT}no consul")
    from consul_server import run_consul

    with run_consul(real.consul, tmp_path_factory.mktemp("consul")) as server:
        yield server


@pytest.fixture(scope="session")
def minio(real: RealPrograms, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioServer]:
    """One MinIO for all tests."""
    if real.minio is None:
        pytest.skip(f"{LEFT_OUT}no MinIO")
    from minio_server import run_minio

    with run_minio(real.minio, tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session")
def azurite(
    real: RealPrograms, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AzuriteServer]:
    """One Azurite for all tests."""
    if real.azurite is None or real.node is None:
        pytest.skip(f"{LEFT_OUT}no Azurite")
    from azurite_server import run_azurite

    with (
        pytest.MonkeyPatch.context() as patch,
        run_azurite(real.node, real.azurite, tmp_path_factory.mktemp("azurite")) as server,
    ):
        patch.delenv("NO_PROXY", raising=False)
        yield server


@pytest.fixture(scope="session")
def fake_gcs(
    real: RealPrograms, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeGcsServer]:
    """One fake-gcs-server for all tests."""
    if real.fake_gcs is None:
        pytest.skip(f"{LEFT_OUT}no fake-gcs-server")
    from fake_gcs_server import run_fake_gcs

    with run_fake_gcs(real.fake_gcs, tmp_path_factory.mktemp("gcs")) as server:
        yield server

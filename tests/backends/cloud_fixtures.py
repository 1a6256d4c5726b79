"""Places in MinIO, Azurite and fake-gcs-server; each test gets a bucket or container of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from backend_fixtures import Place

from azurite_server import ACCOUNT
from minio_server import MINIO_REGION
from purveyor.backends import open_backend
from purveyor.catalog.backend import AzureBackendConfig, GoogleBackendConfig, S3BackendConfig
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from azurite_server import AzuriteServer
    from fake_gcs_server import FakeGcsServer
    from minio_server import MinioServer
    from purveyor.catalog.state_keys import StateKeys

PREFIX = "team/a"
_NAMES = {".tfstate.tflock": "/default.tflock", ".tfstate": "/default.tfstate"}


def in_minio(
    server: MinioServer, environment: dict[str, str], root: Path, keys: StateKeys | None = None
) -> Place:
    """Return a place in a versioned bucket."""
    name = _new_name()
    server.make_bucket(name)
    config = S3BackendConfig(
        type="s3",
        bucket=name,
        region=MINIO_REGION,
        prefix=PREFIX,
        endpoint=server.url,
        keys=keys,
    )
    s3 = server.s3()

    def put(path: str, text: str) -> None:
        s3.put_object(Bucket=name, Key=f"{PREFIX}/{path}", Body=text.encode())

    def paths() -> list[str]:
        found = s3.list_objects_v2(Bucket=name).get("Contents", [])
        return [each["Key"].removeprefix(f"{PREFIX}/") for each in found]

    environment = environment | server.environment()
    backend = open_backend(config, root=root, settings=Settings(environment))
    return Place("minio", backend, environment, put, paths)


def in_azurite(
    server: AzuriteServer,
    environment: dict[str, str],
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    keys: StateKeys | None = None,
) -> Place:
    """Return a place in a container; the test's own process is led there as well."""
    for name, text in server.way().items():
        monkeypatch.setenv(name, text)
    container = _new_name()
    server.make_container(container)

    def paths() -> list[str]:
        return [each.removeprefix(f"{PREFIX}/") for each in server.names(container)]

    environment = environment | server.environment()
    config = AzureBackendConfig(
        type="azurerm", account=ACCOUNT, container=container, prefix=PREFIX, keys=keys
    )
    backend = open_backend(config, root=root, settings=Settings(environment))
    return Place(
        "azurerm",
        backend,
        environment,
        lambda path, text: server.put(container, f"{PREFIX}/{path}", text),
        paths,
    )


def in_fake_gcs(
    server: FakeGcsServer, environment: dict[str, str], root: Path, keys: StateKeys | None = None
) -> Place:
    """Return a place in a versioned bucket, which keeps a folder for each state."""
    bucket = _new_name()
    server.make_bucket(bucket)

    def put(path: str, text: str) -> None:
        ending = next((each for each in _NAMES if path.endswith(each)), None)
        name = path if ending is None else path.removesuffix(ending) + _NAMES[ending]
        server.put(bucket, f"{PREFIX}/{name}", text)

    def paths() -> list[str]:
        found = [each.removeprefix(f"{PREFIX}/") for each in server.names(bucket)]
        for path, name in _NAMES.items():
            found = [each.removesuffix(name) + path * each.endswith(name) for each in found]
        return found

    environment = environment | server.environment()
    config = GoogleBackendConfig(type="gcs", bucket=bucket, prefix=PREFIX, keys=keys)
    backend = open_backend(config, root=root, settings=Settings(environment))
    return Place("gcs", backend, environment, put, paths)


def _new_name() -> str:
    return f"states-{uuid.uuid4().hex[:12]}"

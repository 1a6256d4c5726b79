"""The places where states live, each as a real store."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from backend_fixtures import BY_ID, OWN_KEYS, OWN_NAMES, PLACES, Place, Workbench
from cloud_fixtures import in_azurite, in_fake_gcs, in_minio

from consul_server import TOKEN, ConsulServer
from http_state_server import PASSWORD, PROJECT, USER, run_http_states
from moto_server import REGION, MotoServer
from purveyor.backends import open_backend
from purveyor.backends.http_place import name_of
from purveyor.catalog.backend import (
    ConsulBackendConfig,
    GitlabBackendConfig,
    HttpBackendConfig,
    LocalBackendConfig,
    PgBackendConfig,
    S3BackendConfig,
)
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres_server import PostgresServer
    from purveyor.catalog.state_keys import StateKeys


@pytest.fixture
def s3_environment(moto: MotoServer, clean_environment: dict[str, str]) -> dict[str, str]:
    """An environment with which boto3 and the engines reach the moto server."""
    return clean_environment | moto.environment()


def _local(tmp_path: Path, environment: dict[str, str], keys: StateKeys | None) -> Place:
    root = tmp_path / "catalog"
    folder = root / "states"

    def put(path: str, text: str) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    return Place(
        "local",
        open_backend(
            LocalBackendConfig(path="states", keys=keys), root=root, settings=Settings(environment)
        ),
        environment,
        put,
        lambda: [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()],
        frees_itself=True,
    )


def _s3(
    lock: str, moto: MotoServer, environment: dict[str, str], root: Path, keys: StateKeys | None
) -> Place:
    name = f"states-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(name)
    config = {"type": "s3", "bucket": name, "region": REGION, "prefix": "team/a", "lock": lock}
    if lock != "lockfile":
        moto.make_table(name)
        config["table"] = name
    s3 = moto.s3()

    def put(path: str, text: str) -> None:
        s3.put_object(Bucket=name, Key=f"team/a/{path}", Body=text.encode())

    def paths() -> list[str]:
        found = s3.list_objects_v2(Bucket=name).get("Contents", [])
        return [each["Key"].removeprefix("team/a/") for each in found]

    backend = open_backend(
        S3BackendConfig.model_validate({**config, "keys": keys}),
        root=root,
        settings=Settings(environment),
    )
    return Place(lock, backend, environment, put, paths)


def in_postgres(
    server: PostgresServer, environment: dict[str, str], root: Path, keys: StateKeys | None = None
) -> Place:
    """Return a place in a schema of its own."""
    schema = f"states_{uuid.uuid4().hex[:12]}"
    server.make_table(schema)
    environment = environment | {"STATES_DATABASE": server.address()}

    def put(path: str, text: str) -> None:
        is_state = path.endswith(".tfstate")
        name = path.removesuffix(".tfstate").replace("/", ":") if is_state else path
        statement = (
            f"INSERT INTO {schema}.states (name, data) VALUES (%s, %s)"  # noqa: S608 - our own
            " ON CONFLICT (name) DO UPDATE SET data = excluded.data"
        )
        with server.connect() as connection:
            connection.execute(statement.encode(), (name, text))

    def paths() -> list[str]:
        with server.connect() as connection:
            rows = connection.execute(f"SELECT name FROM {schema}.states".encode())  # noqa: S608
            return [f"{name.replace(':', '/')}.tfstate" for (name,) in rows]

    config = PgBackendConfig(
        type="pg", schema_name=schema, connection_from="STATES_DATABASE", keys=keys
    )
    backend = open_backend(config, root=root, settings=Settings(environment))
    return Place(
        "pg", backend, environment, put, paths, frees_itself=True, engine_knows_holder=False
    )


def in_cloud(
    name: str, request: pytest.FixtureRequest, root: Path, keys: StateKeys | None = None
) -> Place:
    """Return a place in one of the stores that `make tools` brings."""
    environment = request.getfixturevalue("clean_environment")
    if name == "minio":
        return in_minio(request.getfixturevalue(name), environment, root, keys)
    if name == "gcs":
        return in_fake_gcs(request.getfixturevalue("fake_gcs"), environment, root, keys)
    server = request.getfixturevalue("azurite")
    return in_azurite(server, environment, root, request.getfixturevalue("monkeypatch"), keys)


def _in_consul(
    server: ConsulServer, environment: dict[str, str], root: Path, keys: StateKeys | None
) -> Place:
    environment = environment | {"STATES_TOKEN": TOKEN}
    prefix = f"states/{uuid.uuid4().hex[:12]}"
    config = ConsulBackendConfig(
        type="consul", address=server.url, prefix=prefix, token_from="STATES_TOKEN", keys=keys
    )

    def paths() -> list[str]:
        found = [each.removeprefix(f"{prefix}/") for each in server.keys(prefix)]
        return [each for each in found if not each.endswith(("/.lock", "/.lockinfo"))]

    return Place(
        "consul",
        open_backend(config, root=root, settings=Settings(environment)),
        environment,
        lambda path, text: server.put(f"{prefix}/{path}", text.encode()),
        paths,
    )


def _on_server(
    name: str, environment: dict[str, str], root: Path, keys: StateKeys | None
) -> Iterator[Place]:
    login = ("gitlab-ci-token", "job token") if name == "gitlab" else (USER, PASSWORD)
    with run_http_states(login) as server:
        if name == "gitlab":
            environment = environment | {
                "CI_JOB_TOKEN": "job token",
                "CI_PROJECT_ID": PROJECT,
                "CI_API_V4_URL": f"{server.url}/api/v4",
            }
            config: GitlabBackendConfig | HttpBackendConfig = GitlabBackendConfig(
                type="gitlab", keys=keys
            )
        else:
            environment = environment | {"STATES_USER": USER, "STATES_PASSWORD": PASSWORD}
            config = HttpBackendConfig(
                type="http",
                address=f"{server.url}/states/{{name}}",
                username_from="STATES_USER",
                password_from="STATES_PASSWORD",
                keys=keys,
            )
        yield Place(
            name,
            open_backend(config, root=root, settings=Settings(environment)),
            environment,
            lambda path, text: server.put(name_of(path), text),
            lambda: [_path_of(each, keys) for each in server.states],
            natural="services/5a1f.tfstate" if keys is None else "shop-5a1f.tfstate",
        )


def _path_of(name: str, keys: StateKeys | None) -> str:
    return f"{name.replace('-', 's/', 1) if keys is None else name}.tfstate"


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Each place in turn; `+keys` stands for a company's own."""
    name, _, own = request.param.partition("+")
    if name in BY_ID:
        environment = request.getfixturevalue("clean_environment")
        yield from _on_server(name, environment, tmp_path, OWN_NAMES if own else None)
    elif own:
        place = _listing_place(name, request, tmp_path, OWN_KEYS)
        yield replace(place, natural="shop/5a1f/state-orders-db.tfstate", has_own_keys=True)
    else:
        yield _listing_place(name, request, tmp_path, None)


def _listing_place(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, keys: StateKeys | None
) -> Place:
    clean = request.getfixturevalue("clean_environment")
    if name == "local":
        return _local(tmp_path, clean, keys)
    if name == "pg":
        return in_postgres(request.getfixturevalue("postgres"), clean, tmp_path, keys)
    if name == "consul":
        return _in_consul(request.getfixturevalue("consul"), clean, tmp_path, keys)
    if name in {"minio", "azurerm", "gcs"}:
        return in_cloud(name, request, tmp_path, keys)
    environment = request.getfixturevalue("s3_environment")
    return _s3(name, request.getfixturevalue("moto"), environment, tmp_path, keys)


@pytest.fixture
def bench(place: Place, terraform: Path, tmp_path: Path) -> Workbench:
    """A real terraform at each place."""
    return Workbench(terraform, place, tmp_path)

"""The places where states live, each as a real store."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from workbench import Place, Workbench

from moto_server import REGION, MotoServer, run_moto
from purveyor.backends import open_backend
from purveyor.catalog.backend import LocalBackend, S3Backend
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACES = ("local", "lockfile", "dynamodb", "both")


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """One moto server for all tests; each test makes a bucket of its own."""
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def s3_environment(moto: MotoServer, clean_environment: dict[str, str]) -> dict[str, str]:
    """An environment with which boto3 and the engines reach the moto server."""
    return clean_environment | moto.environment()


def _local(tmp_path: Path, environment: dict[str, str]) -> Place:
    root = tmp_path / "catalog"
    folder = root / "states"

    def put(path: str, text: str) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)

    return Place(
        "local",
        open_backend(LocalBackend(path="states"), root=root, settings=Settings(environment)),
        environment,
        put,
        lambda: [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()],
    )


def _s3(lock: str, moto: MotoServer, environment: dict[str, str], root: Path) -> Place:
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
        S3Backend.model_validate(config), root=root, settings=Settings(environment)
    )
    return Place(lock, backend, environment, put, paths)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each place in turn."""
    if request.param == "local":
        return _local(tmp_path, request.getfixturevalue("clean_environment"))
    environment = request.getfixturevalue("s3_environment")
    return _s3(request.param, request.getfixturevalue("moto"), environment, tmp_path)


@pytest.fixture
def bench(place: Place, terraform: Path, tmp_path: Path) -> Workbench:
    """A real terraform at each place."""
    return Workbench(terraform, place, tmp_path)

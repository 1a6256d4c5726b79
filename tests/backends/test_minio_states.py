"""States in MinIO, which checks keys and signatures where moto lets everybody in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backend_fixtures import Place, Workbench, entity

from purveyor.backends import open_backend
from purveyor.backends.object_states import ObjectStates
from purveyor.backends.stores.s3 import S3Store
from purveyor.errors import CredentialsError, StateLockedError
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from minio_server import MinioServer
    from purveyor.engines.binary.model import EngineBinary

IN_MINIO = pytest.mark.parametrize("place", ["minio"], indirect=True)


@IN_MINIO
def test_a_wrong_secret_is_refused_and_not_repeated(
    place: Place, minio: MinioServer, tmp_path: Path
) -> None:
    assert isinstance(place.backend, ObjectStates)
    assert isinstance(place.backend.store, S3Store)
    settings = Settings(dict(place.environment) | minio.environment(secret="not the secret"))
    backend = open_backend(place.backend.store.config, root=tmp_path, settings=settings)
    with pytest.raises(CredentialsError) as caught:
        backend.locate(entity())
    assert "does not accept" in caught.value.message
    assert "not the secret" not in f"{caught.value.message}{caught.value.details}"


@IN_MINIO
def test_the_two_engines_exclude_each_other_and_the_right_id_frees_a_dead_one(
    place: Place, engine: EngineBinary, terraform: Path, tmp_path: Path
) -> None:
    ours = Workbench(engine.path, place, tmp_path)
    key = place.backend.locate(entity())
    ours.hold(key).kill()
    holder = place.backend.access(key).holder()
    assert holder is not None
    assert holder.id in Workbench(terraform, place, tmp_path).apply(key)
    with pytest.raises(StateLockedError):
        place.backend.unlock(key, "wrong")
    assert place.backend.unlock(key, holder.id) is True
    assert ours.apply(key).endswith("exit 0")

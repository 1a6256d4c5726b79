"""A role's profile is read by the engines' SDK and by Python's, wherever its files lie."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import botocore.session
import pytest

from moto_server import REGION, MotoServer, run_moto
from purveyor import process
from purveyor.catalog import load_catalog
from purveyor.credentials import log_in
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

BUCKET = "acme-tfstate"
SPOKE = "arn:aws:iam::222222222222:role/spoke"
BACKEND = f"""
terraform {{
  backend "s3" {{
    bucket         = "{BUCKET}"
    key            = "a"
    region         = "{REGION}"
    use_path_style = true
  }}
}}
"""


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.mark.engine
@pytest.mark.parametrize("name", ["two words", 'it\'s "R&D" #1 ;(x) \\'])
def test_a_folder_may_have_any_name(  # noqa: PLR0917 - fixtures are asked for by name
    moto: MotoServer,
    clean_environment: dict[str, str],
    tmp_path: Path,
    engine: EngineBinary,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "cat").symlink_to(str(shutil.which("cat")))
    (tmp_path / "purveyor.yaml").write_text(
        f"version: 1\naccounts: [{{match: {{}}, role_arn: '{SPOKE}'}}]\n"
    )
    environ = {**clean_environment, "AWS_ENDPOINT_URL": moto.url}
    environ["PATH"] = f"{folder}:{environ['PATH']}"
    given = log_in(
        load_catalog(tmp_path / "purveyor.yaml").choose_account({}),
        settings=Settings({**environ, **moto.environment()}),
        session_name="6b8e",
        folder=folder,
    ).environment

    (tmp_path / "main.tf").write_text(BACKEND)
    command = process.Command(
        (str(engine.path), "init", "-input=false", "-no-color"), tmp_path, {**environ, **given}
    )
    with moto.recording() as requests:
        done = process.run(command)
    assert done.code == 0, done.stderr
    assert all(each.access_key.startswith("ASIA") for each in requests)
    assert requests

    monkeypatch.setenv("AWS_CONFIG_FILE", given["AWS_CONFIG_FILE"])
    found = botocore.session.Session(profile=given["AWS_PROFILE"]).get_credentials()
    assert found is not None
    assert found.access_key == requests[0].access_key

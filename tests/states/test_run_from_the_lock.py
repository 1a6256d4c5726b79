"""Creates with nothing but what the CI templates install, in every kind of place for states."""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - starts the program as a step does
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from state_store_fixtures import MODULE, STORES, Stores

from pipeline import action_id
from purveyor import json_text
from purveyor.catalog.backend import BackendConfig
from purveyor.extras import EXTRAS
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from purveyor.engines.binary import EngineBinary

ROOT = Path(__file__).parents[2]
START = (sys.executable, "-I", str(ROOT / "setup" / "start.py"))
OTHER_NAMES = {"minio": "s3"}
pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.long]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh folder that a template's first step has filled."""
    folder = tmp_path_factory.mktemp("cache")
    environment = {**os.environ, "PURVEYOR_CACHE": str(folder)}  # noqa: TID251 - the way to the package index
    done = subprocess.run(
        (*START, "--version"), env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"left out: the libraries cannot be installed: {done.stderr[-300:]}")
    return folder


# What no pipeline needs.
SERVERS = {"emulator", "serve", "queue"}


def test_the_lock_holds_the_library_of_every_extra_that_a_template_can_need(cache: Path) -> None:
    (folder,) = (cache / "python").glob("run-*")
    modules = [extra.module for name, extra in EXTRAS.items() if name not in SERVERS]
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    code += "".join(f"import {each}\n" for each in modules)
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


def test_every_kind_of_place_is_tried() -> None:
    models = get_args(get_args(BackendConfig)[0])
    kinds = {get_args(each.model_fields["type"].annotation)[0] for each in models}
    assert kinds == {OTHER_NAMES.get(each, each) for each in STORES}


@pytest.mark.parametrize("name", STORES)
def test_a_create_in_every_place(
    name: str, stores: Stores, cache: Path, engine: EngineBinary, tmp_path: Path
) -> None:
    store = stores.open(name)
    module = store.catalog / "modules" / "sqs-queue"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(f'variable "queue_name" {{ type = string }}\n{MODULE}')
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / engine.path.name).symlink_to(engine.path)
    with Emulator.running() as emulator:
        service = str(emulator.create_service("sqs-queue", name="orders")["id"])
        asked = emulator.request_action(service, "create", {"queue_name": "orders"})
        context = tmp_path / "context.json"
        context.write_text(json_text.write(asked))
        done = subprocess.run(
            (*START, "run", "--context", str(context)),
            cwd=store.catalog,
            env={
                **stores.environment,
                **emulator.environment(),
                "PATH": f"{programs}:/usr/bin:/bin",
                "PURVEYOR_CACHE": str(cache),
            },
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert emulator.action(action_id(asked))["status"] == "success"

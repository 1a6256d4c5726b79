"""Which engines keep the contract."""

from __future__ import annotations

import importlib
import os
import tempfile
from typing import TYPE_CHECKING

import pytest
from contract_fixtures import EngineCase, Life

if TYPE_CHECKING:
    from pathlib import Path

    from real_programs import RealPrograms

# By the name in a test's id: the file and its class. What is in `LONG` waits for `make test-long`.
CASES = {
    "command": "command_case:CommandCase",
    "ansible": "ansible_case:AnsibleCase",
    "terraform": "terraform_case:TerraformCase",
    "tofu": "terraform_case:OpenTofuCase",
    "kubernetes": "kubernetes_case:KubernetesCase",
    "pulumi": "pulumi_case:PulumiCase",
}
LONG = frozenset({"ansible", "kubernetes", "pulumi"})
_NAMES = [
    pytest.param(name, id=name, marks=pytest.mark.long if name in LONG else ()) for name in CASES
]


@pytest.fixture(params=_NAMES)
def case(request: pytest.FixtureRequest, tmp_path: Path, real: RealPrograms) -> EngineCase:
    """Return each engine's thing, not made yet."""
    return open_case(request, tmp_path, real)


@pytest.fixture(params=_NAMES, scope="module")
def life(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, real: RealPrograms
) -> Life:
    """Return each engine's whole life of a thing, which several tests look at."""
    return Life(open_case(request, tmp_path_factory.mktemp("life"), real))


def open_case(request: pytest.FixtureRequest, folder: Path, real: RealPrograms) -> EngineCase:
    module, _, name = CASES[request.param].partition(":")
    made: type[EngineCase] = getattr(importlib.import_module(module), name)
    given = request.getfixturevalue(made.fixture) if made.fixture else None
    home = folder / "home"
    home.mkdir(parents=True)
    environment = {
        "PATH": os.environ["PATH"],  # noqa: TID251 - programs are found where the tests' are
        "HOME": str(home),
        "TMPDIR": tempfile.gettempdir(),
        "CHECKPOINT_DISABLE": "1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "NO_PROXY": "127.0.0.1,localhost,::1",
    }
    return made(folder, environment, real, given)

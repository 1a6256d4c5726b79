"""A catalog in each kind of store, all reached with one environment, and real engines in them."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azurite_server import ACCOUNT
from consul_server import TOKEN
from http_state_server import PASSWORD, PROJECT, USER, run_http_states
from minio_server import MINIO_REGION
from moto_server import REGION
from purveyor import json_text, process
from purveyor.backends import open_backend
from purveyor.catalog import load_catalog
from purveyor.engines.terraform.files import write_backend
from purveyor.settings import Settings
from purveyor.states.content import Content, read_content
from purveyor.states.entity import Named
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    import pytest

    from http_state_server import HttpStateServer
    from purveyor.backends import Backend
    from purveyor.engines.binary import EngineBinary
    from purveyor.state_key import StateKey

STORES = ("local", "s3", "pg", "azurerm", "gcs", "http", "gitlab", "minio", "consul")
BY_ID = frozenset({"http", "gitlab"})
OWNER = Named("service", "5a1f", "orders")
JOB_USER = "purveyor"  # the name that goes with an access token
JOB_TOKEN = "a project's token"
MODULE = """
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "thing" {
  count = 2
  input = var.size
}
output "size" {
  value = terraform_data.thing[0].output
}
output "password" {
  value     = "hunter2-hunter2"
  sensitive = true
}
"""
_PATIENCE = 110.0


@dataclass(frozen=True, slots=True)
class Store:
    """One catalog; `environment` is shared by all stores of a test."""

    name: str
    catalog: Path
    environment: Mapping[str, str]

    @property
    def backend(self) -> Backend:
        """The backend as the command opens it."""
        catalog = load_catalog(self.catalog)
        settings = Settings(self.environment)
        return open_backend(catalog.model.backend, root=catalog.root, settings=settings)

    def key(self, owner: Named = OWNER) -> StateKey:
        """Return where the entity's state is, or would be."""
        return self.backend.locate(owner)

    def path(self, owner: Named = OWNER) -> str:
        """Return where the entity's first state comes to lie."""
        folder = f"{owner.kind}s/{owner.id}"
        return f"{folder}.tfstate" if self.name in BY_ID else f"{folder}/{owner.slug}.tfstate"


class Stores:
    """Opens stores of every kind; a server is started when the first store asks for it."""

    def __init__(self, request: pytest.FixtureRequest, environment: dict[str, str]) -> None:
        self._request = request
        self._root: Path = request.getfixturevalue("tmp_path")
        self.environment = environment

    def open(self, name: str) -> Store:
        """Make a catalog with a new and empty place of this kind."""
        root = self._root / f"{name}-{len(list(self._root.iterdir()))}"
        root.mkdir()
        backend = getattr(self, f"_open_{name}")(uuid.uuid4().hex[:12])
        (root / "purveyor.yaml").write_text(json_text.write({"version": 1, "backend": backend}))
        return Store(name, root, self.environment)

    def _open_local(self, _: str) -> dict[str, object]:
        return {"type": "local", "path": "states"}

    def _open_s3(self, name: str) -> dict[str, object]:
        moto = self._request.getfixturevalue("moto")
        moto.make_bucket(name)
        # moto takes any key, MinIO its own only: what MinIO has set stays.
        self.environment.update(moto.environment() | self._keys())
        return {"type": "s3", "bucket": name, "region": REGION, "prefix": "team/a"}

    def _open_minio(self, name: str) -> dict[str, object]:
        minio = self._request.getfixturevalue("minio")
        minio.make_bucket(name)
        self.environment.update(minio.environment())
        found = {"type": "s3", "bucket": name, "region": MINIO_REGION, "prefix": "team/a"}
        return {**found, "endpoint": minio.url}

    def _open_pg(self, name: str) -> dict[str, object]:
        postgres = self._request.getfixturevalue("postgres")
        schema = f"states_{name}"
        postgres.make_table(schema)
        self.environment["STATES_DATABASE"] = postgres.address()
        return {"type": "pg", "schema_name": schema, "connection_from": "STATES_DATABASE"}

    def _open_azurerm(self, name: str) -> dict[str, object]:
        azurite = self._request.getfixturevalue("azurite")
        patch = self._request.getfixturevalue("monkeypatch")
        for variable, text in azurite.way().items():
            patch.setenv(variable, text)
        azurite.make_container(name)
        self.environment.update(azurite.environment())
        return {"type": "azurerm", "account": ACCOUNT, "container": name, "prefix": "team/a"}

    def _open_gcs(self, name: str) -> dict[str, object]:
        gcs = self._request.getfixturevalue("fake_gcs")
        gcs.make_bucket(name)
        self.environment.update(gcs.environment())
        return {"type": "gcs", "bucket": name, "prefix": "team/a"}

    def _open_http(self, name: str) -> dict[str, object]:
        server: HttpStateServer = self._request.getfixturevalue("http_states")
        self.environment.update({"STATES_USER": USER, "STATES_PASSWORD": PASSWORD})
        names = {"username_from": "STATES_USER", "password_from": "STATES_PASSWORD"}
        return {"type": "http", "address": f"{server.url}/states/{name}-{{name}}", **names}

    def _open_gitlab(self, _: str) -> dict[str, object]:
        started: ExitStack = self._request.getfixturevalue("started")
        server = started.enter_context(run_http_states((JOB_USER, JOB_TOKEN)))
        self.environment["GITLAB_STATES"] = JOB_TOKEN
        found = {"type": "gitlab", "project": PROJECT, "token_from": "GITLAB_STATES"}
        return {**found, "address": f"{server.url}/api/v4"}

    def _open_consul(self, name: str) -> dict[str, object]:
        consul = self._request.getfixturevalue("consul")
        self.environment["STATES_TOKEN"] = TOKEN
        found = {"type": "consul", "address": consul.url, "token_from": "STATES_TOKEN"}
        return {**found, "prefix": f"states/{name}"}

    def _keys(self) -> dict[str, str]:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return {name: self.environment[name] for name in names if name in self.environment}


class Bench:
    """Calls one real engine in one store after the other, as a person would by hand."""

    def __init__(self, engine: EngineBinary, folder: Path) -> None:
        self.engine = engine
        self._folder = folder

    def apply(self, store: Store, *words: str, module: str = MODULE) -> Content:
        """Apply a module and return the state that it leaves."""
        work = self._prepare(store, module)
        done = self._call(store, work, "apply", "-auto-approve", "-input=false", *words)
        assert done.code == 0, done.stdout + done.stderr
        return self.read(store, work)

    def plan(self, store: Store, *words: str, module: str = MODULE) -> int:
        """Return the exit code of a detailed plan: 0 for no changes, 2 for changes."""
        work = self._prepare(store, module)
        done = self._call(store, work, "plan", "-input=false", "-detailed-exitcode", *words)
        assert done.code in {0, 2}, done.stdout + done.stderr
        return done.code

    def read_settled(self, store: Store) -> Content:
        """Return the state as the engine reads it, after a plan that shows no changes."""
        work = self._prepare(store, MODULE)
        done = self._call(store, work, "plan", "-input=false", "-detailed-exitcode")
        assert done.code == 0, done.stdout + done.stderr
        return self.read(store, work)

    def read(self, store: Store, work: Path | None = None, *, module: str = MODULE) -> Content:
        """Return the state as the engine reads it."""
        work = work or self._prepare(store, module)
        done = self._call(store, work, "state", "pull")
        assert done.code == 0, done.stdout + done.stderr
        return read_content(done.stdout, where=store.name)

    def state(self, store: Store, *words: str) -> process.Completed:
        """Run `purveyor state`, which finds this engine on its PATH."""
        path = f"{self.engine.path.parent}:{store.environment['PATH']}"
        environment = {**store.environment, "PATH": path}
        done = run_command("state", *words, cwd=store.catalog, env=environment, timeout=_PATIENCE)
        return process.Completed(done.returncode, done.stdout, done.stderr)

    def run(self, store: Store, *words: str) -> process.Completed:
        """Run a Python program, which finds this engine on its PATH."""
        path = f"{self.engine.path.parent}:{store.environment['PATH']}"
        environment = {**store.environment, "PATH": path, "PYTHONPATH": str(Path(__file__).parent)}
        command = process.Command((sys.executable, *words), store.catalog, environment)
        return process.run(command, timeout=_PATIENCE)

    def _prepare(self, store: Store, module: str) -> Path:
        work = self._folder / f"work-{uuid.uuid4().hex[:8]}"
        work.mkdir()
        (work / "main.tf").write_text(module)
        block = store.backend.block(store.key())
        write_backend(work, block, evaluated=self.engine.name != "terraform")
        # As the product does: `init` is to know nothing of the workspace.
        done = self._call(store, work, "init", "-input=false", workspace=False)
        assert done.code == 0, done.stdout + done.stderr
        return work

    def _call(
        self, store: Store, work: Path, *words: str, workspace: bool = True
    ) -> process.Completed:
        block = store.backend.block(store.key())
        environment = {**store.environment, **block.environment}
        if workspace and block.workspace:
            environment["TF_WORKSPACE"] = block.workspace
        command = process.Command((str(self.engine.path), *words), work, environment)
        return process.run(command, timeout=_PATIENCE)


def ring() -> list[tuple[str, str]]:
    """Return pairs in which each kind is a source and a destination, with Consul or without."""
    sure = [each for each in STORES if each != "consul"]
    around = list(zip(sure, (*sure[1:], sure[0]), strict=True))
    return [*around, ("local", "consul"), ("consul", "local")]

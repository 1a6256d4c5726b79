"""Real engine runs against a backend, with the override written from its block."""

from __future__ import annotations

import subprocess  # noqa: TID251 - runs that a test holds, watches and kills
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text, process
from purveyor.action import Entity, Kind, Specification
from purveyor.catalog.state_keys import StateKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.backends import Backend
    from purveyor.state_key import StateKey

BY_ID = ("http", "gitlab")
IN_CLOUDS = ("lockfile", "dynamodb", "both", "minio", "azurerm", "gcs")
PLACES = ("local", *IN_CLOUDS, "pg", "consul", *BY_ID)
# The same places once more, with a company's own keys.
KEYED = tuple(f"{name}+keys" for name in ("local", "lockfile", "pg", *BY_ID))
KEYED_SLOW = tuple(f"{name}+keys" for name in ("both", "minio", "azurerm", "gcs", "consul"))
LISTING = pytest.mark.parametrize("place", [p for p in PLACES if p not in BY_ID], indirect=True)
OWN_KEYS = StateKeys(
    services="shop/{service_id}/state-{service_slug}.tfstate",
    links="shop-links/link-{link_id}.tfstate",
)
OWN_NAMES = StateKeys(services="shop-{service_id}.tfstate", links="wares-{link_id}.tfstate")
PATIENCE = 30.0
MODULE = """
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "thing" {
  count = 2
  input = var.size
}
data "terraform_remote_state" "unused" {
  count   = 0
  backend = "local"
}
output "size" {
  value = terraform_data.thing[0].output
}
output "password" {
  value     = "hunter2"
  sensitive = true
}
"""
ENCRYPTION = """
terraform {
  encryption {
    key_provider "pbkdf2" "p" {
      passphrase = "correct horse battery staple"
    }
    method "aes_gcm" "m" {
      keys = key_provider.pbkdf2.p
    }
    state {
      method = method.aes_gcm.m
    }
  }
}
"""
# Waits inside an apply, with the lock held, until the test lets go.
WAITING = """
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch started; while [ ! -e go ]; do sleep 0.05; done"
  }
}
"""


def places(*names: str, about_keys: bool = True) -> pytest.MarkDecorator:
    """Run a test in each of these places, and in those of them that are there with own keys.

    Where a test is not about keys, `make test` leaves all own keys for `make test-long`.
    """
    keyed = [each for each in KEYED if each.partition("+")[0] in names]
    slow = [each for each in KEYED_SLOW if each.partition("+")[0] in names]
    keyed, slow = (keyed, slow) if about_keys else ([], [*keyed, *slow])
    more = [pytest.param(each, marks=pytest.mark.slow) for each in slow]
    return pytest.mark.parametrize("place", [*names, *keyed, *more], indirect=True)


def entity(entity_id: str = "5a1f", slug: str = "orders-db", kind: Kind = Kind.SERVICE) -> Entity:
    """Return an entity; only what makes its key matters here."""
    return Entity(kind, entity_id, slug, Specification("spec", "mysql"))


@dataclass(frozen=True, slots=True)
class Place:
    """A backend under test, and a way to it that does not go through it."""

    name: str
    backend: Backend
    environment: Mapping[str, str]
    put: Callable[[str, str], None]
    paths: Callable[[], list[str]]
    natural: str = "services/5a1f/orders-db.tfstate"
    """Where the state of the usual entity comes to lie."""
    frees_itself: bool = False
    """True where a lock ends with its holder."""
    engine_knows_holder: bool = True
    """True where an engine that is refused can name the holder's lock."""
    has_own_keys: bool = False
    """True where the keys are a company's."""

    def at(self, path: str) -> str:
        """Return what one of Purveyor's own paths is here."""
        if not self.has_own_keys:
            return path
        kind, entity_id, name = path.split("/", 2)
        if kind == "links":
            return f"shop-links/link-{entity_id}.tfstate"
        dot = "." * name.startswith(".")
        return f"shop/{entity_id}/{dot}state-{name.removeprefix(dot)}"


@dataclass(frozen=True, slots=True)
class Held:
    """An engine run that waits inside its apply."""

    child: subprocess.Popen[bytes]
    folder: Path

    def let_go(self) -> int:
        """Let the run end; return its exit code."""
        (self.folder / "go").touch()
        return self.child.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """Kill the engine as a lost runner does, and let its orphan end."""
        self.child.kill()
        self.child.wait(timeout=PATIENCE)
        (self.folder / "go").touch()


@dataclass(frozen=True, slots=True)
class Workbench:
    """Runs one engine against one place."""

    engine: Path
    place: Place
    folder: Path

    def apply(self, key: StateKey, module: str = MODULE, *, destroy: bool = False) -> str:
        """Apply or destroy; return the output, with the exit code on its last line."""
        folder = self._prepare(key, module)
        command = [str(self.engine), "destroy" if destroy else "apply", "-auto-approve"]
        done = self._run(folder, [*command, "-no-color", "-input=false"], self._environment(key))
        return f"{done.stdout}{done.stderr}\nexit {done.code}"

    def hold(self, key: StateKey, module: str = WAITING) -> Held:
        """Start an apply and return once it waits with the lock in its hand."""
        folder = self._prepare(key, module)
        with (folder / "log").open("wb") as log:
            child = subprocess.Popen(
                [self.engine, "apply", "-auto-approve", "-no-color", "-input=false"],
                cwd=folder,
                env=self._environment(key),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + PATIENCE
        while not (folder / "started").exists():
            assert child.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, "the engine did not reach its provisioner"
            time.sleep(0.02)
        return Held(child, folder)

    def run_in(self, folder: Path, key: StateKey, *arguments: str) -> str:
        """Call the engine in the folder of an earlier run; return its output."""
        done = self._run(folder, [str(self.engine), *arguments], self._environment(key))
        return f"{done.stdout}{done.stderr}"

    def _prepare(self, key: StateKey, module: str) -> Path:
        folder = self.folder / f"run-{len(list(self.folder.glob('run-*')))}"
        folder.mkdir()
        block = self.place.backend.block(key)
        (folder / "main.tf").write_text(module)
        (folder / "backend_override.tf.json").write_text(
            json_text.write({"terraform": {"backend": {block.type: dict(block.arguments)}}})
        )
        # As the product does: `init` is to know nothing of the workspace.
        environment = self._environment(key)
        environment.pop("TF_WORKSPACE", None)
        command = [str(self.engine), "init", "-no-color", "-input=false"]
        done = self._run(folder, command, environment)
        assert done.code == 0, done.stdout + done.stderr
        return folder

    def _environment(self, key: StateKey) -> dict[str, str]:
        block = self.place.backend.block(key)
        workspace = {"TF_WORKSPACE": block.workspace} if block.workspace else {}
        return {**self.place.environment, **block.environment, **workspace}

    def _run(
        self, folder: Path, argv: list[str], environment: Mapping[str, str]
    ) -> process.Completed:
        command = process.Command(tuple(argv), folder, environment)
        return process.run(command, timeout=PATIENCE)

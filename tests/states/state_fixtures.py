"""A catalog with states in it, the real `purveyor state`, and states made to measure."""

from __future__ import annotations

import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moto_server import REGION
from purveyor import json_text
from purveyor.backends import open_backend
from purveyor.catalog import load_catalog
from purveyor.settings import Settings
from warm_commands import run_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from moto_server import MotoServer
    from purveyor.backends import Backend
    from purveyor.json_text import JsonObject

LINEAGE = "5f8f4c0e-0000-4000-8000-000000000001"
KEY = "services/5a1f/orders.tfstate"
HOLDER = {
    "ID": "11111111-2222-3333-4444-555555555555",
    "Operation": "OperationTypeApply",
    "Who": "ci@runner-7",
    "Version": "1.11.4",
    "Created": "2026-11-20T08:48:33.042494816Z",
    "Path": "x",
    "Info": "",
}


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> JsonObject:
        """What it printed as one JSON object."""
        value = json_text.parse(self.stdout)
        assert isinstance(value, dict)
        return value

    @property
    def lines(self) -> list[JsonObject]:
        """What it printed as one JSON object a line."""
        values = [json_text.parse(line) for line in self.stdout.splitlines()]
        return [value for value in values if isinstance(value, dict)]


@dataclass(frozen=True, slots=True)
class Stage:
    """One catalog and a way to its states that does not go through Purveyor."""

    catalog: Path
    environment: Mapping[str, str]
    put: Callable[[str, str], None]
    text: Callable[[str], str]
    paths: Callable[[], list[str]]

    @property
    def backend(self) -> Backend:
        """The backend as the command opens it."""
        catalog = load_catalog(self.catalog)
        settings = Settings(self.environment)
        return open_backend(catalog.model.backend, root=catalog.root, settings=settings)

    def command(self, *words: str) -> tuple[str, ...]:
        """Return the argument list of `purveyor state`."""
        return (sys.executable, "-m", "purveyor", "state", *words)

    def run(self, *words: str, stdin: str = "") -> Done:
        """Run `purveyor state` in the catalog's folder."""
        done = run_command("state", *words, cwd=self.catalog, env=self.environment, stdin=stdin)
        return Done(done.returncode, done.stdout, done.stderr)

    def document(self, key: str = KEY) -> JsonObject:
        """Return a state as it lies in the store."""
        value = json_text.parse(self.text(key), max_depth=100)
        assert isinstance(value, dict)
        return value


def made_state(
    *names: str,
    serial: int = 3,
    lineage: str = LINEAGE,
    value: str = "one",
    stamp: str = "services/5a1f",
    padding: str = "",
) -> str:
    """Return a state with a `terraform_data` resource for each name, as the engine writes it."""
    resources = [_resource(name, value, padding) for name in names or ("thing",)]
    outputs = {
        "host": {"value": "db.example.test", "type": "string"},
        "password": {"value": "hunter2-hunter2", "type": "string", "sensitive": True},
        "purveyor_entity": {"value": stamp, "type": "string"},
    }
    if not stamp:
        del outputs["purveyor_entity"]
    document = {
        "version": 4,
        "terraform_version": "1.9.0",
        "serial": serial,
        "lineage": lineage,
        "outputs": outputs,
        "resources": resources,
        "check_results": None,
    }
    return json_text.write(document, indent=2) + "\n"


def _resource(name: str, value: str, padding: str) -> dict[str, object]:
    attributes = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "input": {"value": value + padding, "type": "string"},
        "output": {"value": value + padding, "type": "string"},
        "triggers_replace": None,
    }
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": name,
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
    }


def local_stage(root: Path, environment: Mapping[str, str]) -> Stage:
    """Make a catalog whose states lie in a folder."""
    _write_catalog(root, {"type": "local", "path": "states"})
    states = root / "states"

    def put(path: str, text: str) -> None:
        (states / path).parent.mkdir(parents=True, exist_ok=True)
        (states / path).write_text(text)

    def paths() -> list[str]:
        files = [each for each in states.rglob("*") if each.is_file()]
        return sorted(each.relative_to(states).as_posix() for each in files)

    return Stage(root, environment, put, lambda path: (states / path).read_text(), paths)


def s3_stage(root: Path, environment: Mapping[str, str], moto: MotoServer, *, lock: str) -> Stage:
    """Make a catalog whose states lie in a versioned bucket of its own."""
    name = f"states-{uuid.uuid4().hex[:12]}"
    moto.make_bucket(name)
    config = {"type": "s3", "bucket": name, "region": REGION, "prefix": "team/a", "lock": lock}
    if lock != "lockfile":
        moto.make_table(name)
        config["table"] = name
    _write_catalog(root, config)
    s3 = moto.s3()

    def put(path: str, text: str) -> None:
        s3.put_object(Bucket=name, Key=f"team/a/{path}", Body=text.encode())

    def paths() -> list[str]:
        found = s3.list_objects_v2(Bucket=name).get("Contents", [])
        return [each["Key"].removeprefix("team/a/") for each in found]

    def text(path: str) -> str:
        return s3.get_object(Bucket=name, Key=f"team/a/{path}")["Body"].read().decode()

    return Stage(root, environment, put, text, paths)


def _write_catalog(root: Path, backend: Mapping[str, object]) -> None:
    root.mkdir(parents=True)
    (root / "purveyor.yaml").write_text(json_text.write({"version": 1, "backend": backend}))

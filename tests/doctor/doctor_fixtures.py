"""A catalog in a repository, the platform and the states that it is used with, and the command."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from click.testing import CliRunner

from purveyor import json_text
from purveyor.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor_emulator import Emulator

ACCOUNT = "organization=4001:account=4002"
MODULE = 'variable "size" {\n  type = number\n}\noutput "address" {\n  value = var.size\n}\n'
SIZE = {"type": "number", "editableOn": ["create", "update"], "visibleOn": ["read"]}
ADDRESS = {"editableOn": [], "visibleOn": ["read"]}
PROPERTIES = {"size": SIZE, "address": ADDRESS}
SCHEMA = {"type": "object", "properties": PROPERTIES, "required": ["size"]}
SEED = {
    "place": {
        "organization": {"id": "4001", "slug": "acme"},
        "account": {"id": "4002", "slug": "main"},
    },
    "specifications": [
        {"slug": "cache", "id": "spec-cache", "attributes": SCHEMA},
        {"slug": "queue", "attributes": SCHEMA},
    ],
}
WORKFLOW = """
concurrency: {group: one, queue: max}
jobs:
  provision:
    timeout-minutes: 60
    steps:
      - uses: acme/purveyor@0123456789012345678901234567890123456789 # v9.0.0
"""
PIPELINE = ".github/workflows/provision.yml"


def filter_slugs(*slugs: str) -> dict[str, Any]:
    return {"service.specification.slug": {"$in": [*slugs]}}


@dataclass(slots=True)
class Practice:
    """Everything that `purveyor doctor` looks at, sound until a test breaks one thing."""

    root: Path
    emulator: Emulator
    environment: dict[str, str]
    out: str = ""
    err: str = ""
    code: int = 0

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def set_catalog(self, **more: Any) -> None:
        backend = {"type": "local", "path": "states"}
        self.write("purveyor.yaml", json_text.write({"version": 1, "backend": backend, **more}))

    def create_channel(self, *slugs: str, **fields: Any) -> int:
        given = {"nrn": ACCOUNT, "source": ["service"], "filters": filter_slugs(*slugs), **fields}
        return self.emulator.create_channel("http://127.0.0.1:9/", **given)

    def run(self, *words: str, **environ: str) -> str:
        """Run the command inside this process, which takes milliseconds; return what it printed."""
        env = {**self.environment, **environ, "PURVEYOR_CATALOG": str(self.root)}
        kept = {name: value for name, value in env.items() if value}
        with patch.dict(os.environ, kept, clear=True):  # noqa: TID251 - what the command finds
            done = CliRunner().invoke(cli, ["doctor", *words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        self.out, self.err, self.code = done.stdout, done.stderr, done.exit_code
        return self.out

    def examine(self, *words: str, **environ: str) -> dict[str, Any]:
        """Return the findings by their codes."""
        self.run("--json", *words, **environ)
        return {each["code"]: each for each in self.document["findings"]}

    @property
    def document(self) -> Any:
        return json_text.parse(self.out)

"""What the tests of `purveyor init` share: words for each store, a module, a folder to work in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from click.testing import CliRunner

from purveyor import json_text
from purveyor.cli.authoring.init import init

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

ROOT = Path(__file__).parents[2]
VALUES = {
    "s3": ["--bucket", "acme-states", "--region", "us-east-1"],
    "azure": ["--account", "acmestates", "--container", "states"],
    "gcs": ["--bucket", "acme-states"],
    "gitlab": ["--project", "4711", "--journal", "postgres"],
    "postgres": [],
    "http": ["--address", "https://states.example.com/{name}", "--journal", "none"],
    "consul": ["--address", "http://127.0.0.1:8500", "--journal", "local"],
    "local": [],
}
MODULE = """
terraform {
  backend "s3" {
    bucket = "their-states"
    region = "eu-west-1"
    key    = "one/of/theirs"
  }
}
variable "size" { type = number }
variable "service_id" { type = string }
output "id" { value = var.service_id }
"""


def put(path: Path, text: str = MODULE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def ask(*words: str, code: int = 0) -> JsonObject:
    done = CliRunner().invoke(init, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json_text.as_object(json_text.parse(done.stdout)) if code == 0 else {"": done.stderr}


def read(path: Path) -> JsonObject:
    found = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def files_of(folder: Path) -> dict[str, str]:
    found = (each for each in sorted(folder.rglob("*")) if each.is_file())
    return {str(each.relative_to(folder)): each.read_text("utf-8") for each in found}

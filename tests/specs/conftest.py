"""A catalog with a store, a link to it and a custom action, and its specifications in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from spec_fixtures import SLUG, Author

from purveyor.catalog.loading import load_catalog
from purveyor.specs.documents import generate
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORE = """
variable "size" {
  type        = number
  description = "Gigabytes"
  default     = 10
}
variable "tier" {
  type = string
  validation {
    condition     = contains(["small", "large"], var.tier)
    error_message = "small or large"
  }
}
output "address" { value = "a" }
"""


@pytest.fixture
def author(tmp_path: Path, clean_environment: dict[str, str]) -> Iterator[Author]:
    folder = tmp_path / "catalog"
    module = folder / "modules" / SLUG
    for name, text in {
        "main.tf": STORE,
        "links/reader/main.tf": 'variable "level" {\n  type    = string\n  default = "read"\n}\n',
        "links/reader/actions/rotate/run": "#!/bin/sh\n",
        "actions/rotate/run": "#!/bin/sh\n",
    }.items():
        (module / name).parent.mkdir(parents=True, exist_ok=True)
        (module / name).write_text(text)
        (module / name).chmod(0o755)
    (folder / "purveyor.yaml").write_text("version: 1\nbackend: {type: local}\n")
    for each in generate(load_catalog(folder), SLUG, folder / "specs" / SLUG):
        each.path.parent.mkdir(parents=True, exist_ok=True)
        each.path.write_text(each.after)
    with Emulator.running() as emulator:
        yield Author(folder, emulator, clean_environment)

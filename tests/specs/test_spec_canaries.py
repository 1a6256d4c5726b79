"""No secret of a module stands in any byte that `purveyor spec` writes, shows or sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from spec_fixtures import SLUG

from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path

    from spec_fixtures import Author

CANARY = "canary-7f3a"
MODULE = f"""
variable "size" {{
  type    = number
  default = 10
}}
variable "tier" {{
  type    = string
  default = "small"
}}
variable "password" {{
  type      = string
  default   = "{CANARY}-default"
  sensitive = true
}}
variable "login" {{
  type = object({{
    user  = optional(string, "app")
    token = optional(string, "{CANARY}-inner")
    more  = optional(list(object({{ key = optional(string, "{CANARY}-deep") }})), [])
  }})
  default   = {{ token = "{CANARY}-given" }}
  sensitive = true
}}
variable "pin" {{
  type      = string
  default   = "{CANARY}-pin"
  sensitive = true
  validation {{
    condition     = contains(["0000", "1111"], var.pin)
    error_message = "not one of ours"
  }}
}}
output "address" {{ value = "a" }}
output "key" {{
  value       = "{CANARY}-output"
  sensitive   = true
  description = "what opens it"
}}
"""


@pytest.fixture
def keeper(author: Author) -> Author:
    """Somebody whose module has secrets."""
    (author.catalog / "modules" / SLUG / "main.tf").write_text(MODULE)
    return author


def all_bytes(folder: Path) -> str:
    return "".join(each.read_text() for each in folder.rglob("*") if each.is_file())


def test_no_secret_is_written_shown_or_sent(keeper: Author) -> None:
    said, nrn = "", ("--nrn", keeper.emulator.nrn)
    for command in (
        ["generate", SLUG, "--diff"],
        ["generate", SLUG, "--json"],
        ["check", SLUG],
        ["check", SLUG, "--json"],
        ["push", SLUG, *nrn],
        ["check", SLUG, *nrn, "--live"],
        ["export", "terraform", SLUG, *nrn],
    ):
        done = keeper.run(*command)
        assert done.code == 0, (command, done)
        said += done.out + done.err
    assert "password" in said
    assert CANARY not in said
    assert CANARY not in all_bytes(keeper.catalog / "specs")
    assert CANARY not in repr(keeper.emulator.requests())


def test_a_secret_that_somebody_wrote_into_a_file_is_not_repeated(
    keeper: Author,
) -> None:
    assert keeper.run("generate", SLUG).code == 0

    def betray(document: object) -> None:
        properties = json_text.dig(document, "attributes", "schema", "properties")  # type: ignore[arg-type]
        assert isinstance(properties, dict)
        for name in ("password", "pin"):
            properties[name] |= {"default": f"{CANARY}-file", "enum": [f"{CANARY}-file"]}  # type: ignore[operator]

    keeper.edit("service-spec.json.tpl", betray)
    for command in (["check", SLUG], ["check", SLUG, "--json"], ["generate", SLUG]):
        done = keeper.run(*command)
        assert CANARY not in done.out + done.err, command

"""What a Terraform or OpenTofu program is: its name, its place and its version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {"opentofu": "tofu", "terraform": "terraform"}
"""Engine name to program name, in the order in which they are preferred."""
TESTED_OPENTOFU = "1.12.6"  # what is installed where nobody names a version


@dataclass(frozen=True, slots=True)
class EngineBinary:
    """A program that can be run; `name` is `opentofu` or `terraform`, `version` as `1.12.6`."""

    path: Path
    name: str
    version: str

"""The files that Purveyor adds to a module's private copy."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.errors import CatalogError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonValue
    from purveyor.step import BackendBlock

STAMP = "purveyor_entity"
# The last one in lexical order wins, among overrides and among *.auto.tfvars files: a `backend` in
# an override takes the place of every `backend` and `cloud` block (measured on both engines).
BACKEND_FILE = "zzz_purveyor_backend_override.tf.json"
IDENTITY_FILE = "purveyor_identity.tf.json"
VARIABLES_FILE = "zzz_purveyor.auto.tfvars.json"
_RIVALS = (
    (re.compile(r"(?:.*_)?override\.(?:tf|tofu)(?:\.json)?"), BACKEND_FILE, "where states lie"),
    (re.compile(r".*\.auto\.tfvars(?:\.json)?"), VARIABLES_FILE, "what was asked"),
)
_OURS = frozenset(name.split(".", 1)[0] for name in (BACKEND_FILE, IDENTITY_FILE, VARIABLES_FILE))


def write_backend(module: Path, backend: BackendBlock, *, evaluated: bool) -> None:
    """Write the override file; `evaluated` for an engine that reads `${` in backend arguments."""
    arguments: JsonValue = dict(backend.arguments)
    block = {
        "terraform": {"backend": {backend.type: escape(arguments) if evaluated else arguments}}
    }
    write_private(module / BACKEND_FILE, json_text.write(block, indent=2))


def write_identity(module: Path, identity: str) -> None:
    """Write the output that stamps the state with its entity."""
    description = "The entity that this state belongs to; written by Purveyor."
    block = {"output": {STAMP: {"value": escape(identity), "description": description}}}
    write_private(module / IDENTITY_FILE, json_text.write(block, indent=2))


def write_variables(module: Path, variables: Mapping[str, JsonValue]) -> None:
    """Write the variables' values; the engine takes JSON strings there literally.

    Each variable has a line of its own: Terraform quotes that line when it refuses a value.
    """
    lines = [
        f"{json_text.write(name)}: {json_text.write(value)}" for name, value in variables.items()
    ]
    write_private(module / VARIABLES_FILE, "{\n" + ",\n".join(lines) + "\n}\n")


def write_private(path: Path, text: str) -> None:
    """Write a new file that only we may read; raise FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def remove_written(module: Path) -> None:
    """Take away what an earlier step wrote into this copy."""
    for name in (BACKEND_FILE, IDENTITY_FILE, VARIABLES_FILE):
        (module / name).unlink(missing_ok=True)


def check_module(module: Path) -> None:
    """Raise CatalogError when files of the module's own would stand in for ours or beat them."""
    names = sorted(entry.name for entry in module.iterdir())
    faults = [f"{name}: the name is Purveyor's" for name in names if name.split(".", 1)[0] in _OURS]
    faults += [
        f"{name}: sorts after {ours}, so that it would win over {what}"
        for name in names
        for pattern, ours, what in _RIVALS
        if pattern.fullmatch(name) and name > ours
    ]
    if faults:
        raise CatalogError(
            "The module has files that would change what Purveyor adds to it.",
            reason=ReasonCode.MODULE_INVALID,
            details=faults,
            hint="Rename these files in the module.",
        )


def escape(value: JsonValue) -> JsonValue:
    """Return the value with `${` and `%{` escaped, for JSON that the engine reads as templates."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {name: escape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [escape(item) for item in value]
    return value

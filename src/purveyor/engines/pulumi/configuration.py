"""A stack's configuration: what its project's own file says, and over it the step's variables."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.catalog.file_faults import PULUMI_FILES
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from purveyor.json_text import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Configuration:
    """`settings` is the stack's file without secrets, which follow by their keys."""

    project: str  # the project's name
    settings: JsonObject
    secrets: Mapping[str, str] = field(repr=False)

    def write(self, folder: Path, stack: str) -> None:
        """Write what Pulumi needs to know of a project but for the project itself."""
        project: JsonObject = {"name": self.project, "runtime": "yaml"}
        files = {"Pulumi.yaml": project, f"Pulumi.{stack}.yaml": self.settings}
        for name, content in files.items():
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(json_text.write(content), encoding="utf-8")  # all JSON is YAML


def build_configuration(
    folder: Path,
    stack: str,
    values: Mapping[str, JsonValue],
    *,
    is_secret: Callable[[str], bool],
) -> Configuration:
    """Sort a step's values; a key without a `:` is the project's. Raise CatalogError."""
    project = next((f for each in PULUMI_FILES if (f := _read(folder / each))), {})
    if not isinstance(name := project.get("name"), str):
        raise CatalogError(
            f"{folder.name} has no Pulumi.yaml with a `name`: it is no Pulumi project.",
            hint="Let the step's `pulumi.project` name the folder with the project.",
        )
    settings = _read(folder / f"Pulumi.{stack}.yaml")
    declared, kept = project.get("config"), settings.get("config")
    plain: JsonObject = dict(kept) if isinstance(kept, dict) else {}
    secrets: dict[str, str] = {}
    for key, value in values.items():
        text = value if isinstance(value, str) else json_text.write(value)
        rule = declared.get(key) if isinstance(declared, dict) else None
        whole = key if ":" in key else f"{name}:{key}"
        plain.pop(whole, None)
        if value is None:
            continue
        if is_secret(text) or (isinstance(rule, dict) and rule.get("secret") is True):
            secrets[whole] = text
        else:
            plain[whole] = value
    return Configuration(name, {**settings, "config": plain}, secrets)


def _read(path: Path) -> JsonObject:
    import yaml

    try:
        found: JsonValue = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CatalogError(
            f"{path.name} of the Pulumi project cannot be read ({type(error).__name__}).",
            hint="Correct the file.",
        ) from None
    return found if isinstance(found, dict) else {}

"""Write what comes from models: the catalog's JSON Schema and reference page, the cases' schema.

`python scripts/write_catalog_reference.py` writes them, `--check` says which are stale and exits 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import click

from purveyor import json_text
from purveyor.catalog.backend import BackendConfig
from purveyor.catalog.schema import build_schema
from purveyor.catalog.words import WANTED
from purveyor.cli.authoring.cases import Case

ROOT = Path(__file__).parents[1]
SCHEMA = "schema/purveyor.schema.json"
CASE_SCHEMA = "schema/case.schema.json"
PAGE = "docs/reference/catalog.md"
TEMPLATE = "scripts/catalog_reference.template.md"
_TABLES = "<!-- tables -->\n"
_BACKENDS = {
    model.__name__: f"backend, type {get_args(model.model_fields['type'].annotation)[0]}"
    for model in get_args(get_args(BackendConfig)[0])
}
_SECTIONS = {
    **_BACKENDS,
    "StateKeys": "keys of states",
    "AccountEntry": "accounts",
    "TokenEntry": "web_identity",
    "KeysEntry": "keys",
    "AzureEntry": "azure",
    "GoogleEntry": "google",
    "EngineEntry": "engine",
    "ServiceEntry": "services",
    "StepEntry": "steps",
    "CommandEntry": "command",
    "PlaybookEntry": "playbook",
    "ApproveEntry": "approve",
    "ManifestsEntry": "manifests",
    "HelmEntry": "helm",
    "ClusterEntry": "cluster",
    "PulumiEntry": "pulumi",
    "Entry": "links",
    "ComputeEntry": "compute",
    "OutputEntry": "outputs",
    "GuardEntry": "guard",
    "LimitsEntry": "limits",
    "ActionEntry": "actions",
}


def files() -> dict[str, str]:
    """Return each generated file's text by its path below the repository."""
    schema = build_schema()
    page = (ROOT / TEMPLATE).read_text(encoding="utf-8").replace(_TABLES, _tables(schema))
    case = build_schema(Case, "A case that `purveyor test` plays (cases/*.yaml)")
    found = {SCHEMA: schema, CASE_SCHEMA: case}
    return {path: json_text.write(each, indent=2) + "\n" for path, each in found.items()} | {
        PAGE: page
    }


def find_stale() -> list[str]:
    """Return the paths of generated files that are not what the model says now."""
    return [
        path
        for path, text in files().items()
        if not (ROOT / path).is_file() or (ROOT / path).read_text(encoding="utf-8") != text
    ]


def _tables(schema: dict[str, Any]) -> str:
    models = schema["$defs"]
    parts = [f"### The file\n\n{schema['description']}\n\n{_table(schema)}"]
    for name, title in _SECTIONS.items():
        keys = models[name]
        if name == "Entry":
            text = "The same keys as a service's, without `links`.\n"
        else:
            text = _table(keys)
        parts.append(f"### {title}\n\n{keys['description']}\n\n{text}")
    return "\n".join(parts)


def _table(model: dict[str, Any]) -> str:
    rows = ["| key | value | without it | meaning |", "|---|---|---|---|"]
    for key, field in model["properties"].items():
        needed = key in model.get("required", [])
        without = "needed" if needed else _show_default(field)
        row = (f"`{key}`", _show_type(field), without, field.get("description", ""))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(rows) + "\n"


def _show_default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if default is None or default in ("", [], {}) or isinstance(default, dict):
        return ""
    return f"`{json_text.write(default)}`" if not isinstance(default, str) else f"`{default}`"


def _show_type(field: dict[str, Any]) -> str:
    for union in ("anyOf", "oneOf"):
        if union in field:
            return " or ".join(_show_type(each) for each in field[union])
    if "$ref" in field:
        title = _SECTIONS[field["$ref"].rsplit("/", 1)[-1]]
        return f"[{title}](#{title.replace(',', '').replace(' ', '-')})"
    if "const" in field or "enum" in field:
        choices = field.get("enum", [field.get("const")])
        return " or ".join(f"`{choice}`" for choice in choices)
    return _show_plain_type(field)


def _show_plain_type(field: dict[str, Any]) -> str:
    match field.get("type"):
        case "array":
            return f"list: {_show_type(field['items'])}"
        case "object":
            return f"mapping to {_show_type(next(iter(field['patternProperties'].values())))}"
        case "string":
            return WANTED[field["pattern"]] if "pattern" in field else "text"
        case "integer":
            return "a whole number"
        case "boolean":
            return "`true` or `false`"
        case _:
            return "any value"


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when a file is stale.")
def main(*, check: bool) -> None:
    """Write the JSON Schemas and the catalog's reference page."""
    stale = find_stale()
    if check:
        for path in stale:
            click.echo(f"{path} is stale: run python {Path(__file__).relative_to(ROOT)}")
        sys.exit(1 if stale else 0)
    for path, text in files().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

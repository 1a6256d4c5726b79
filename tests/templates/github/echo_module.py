"""A module that keeps any text, and texts that others would execute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = {
    "quotes": "'\"\\ '\\'' \\\"",
    "newlines": "one\ntwo\r\nthree\n\n",
    "shell": "`touch {mark}` $(touch {mark}) ${{HOME}} $HOME; touch {mark} #",
    "expression": "${{ github.token }} }} ${{",
    "vendor commands": "##vso[task.setvariable variable=x]y\n::add-mask::s\n##[error]e\n::error::e",
    "separators": "a\u2028b\u2029c\u0085d\ufeff",
    "60 kB": "ñ$(touch {mark})" * 3000,
    "200 kB": "x'\"" * 66000,
}


def hostile(name: str, mark: Path) -> str:
    """Return a text that makes the file `mark` if anything executes it."""
    text = HOSTILE[name].replace("{mark}", str(mark))
    return text[:60_000] if name == "60 kB" else text


def put_echo_module(workspace: Path) -> None:
    """Put a module in place that keeps any text."""
    folder = workspace / "modules" / "mysql-database"
    for path in folder.glob("*.tf"):
        path.unlink()
    outputs = "".join(
        f'output "{name}" {{\n  value = {value}\n{extra}}}\n'
        for name, value, extra in (
            ("endpoint", '"here"', ""),
            ("port", "1", ""),
            ("password", '"p"', "  sensitive = true\n"),
        )
    )
    (folder / "main.tf").write_text(
        'variable "database_name" { type = string }\n'
        'variable "storage_gb" { type = number }\nvariable "engine_version" { type = string }\n'
        'resource "terraform_data" "database" { input = var.database_name }\n' + outputs,
        "utf-8",
    )


def stored(states: Path) -> object:
    (path,) = states.rglob("*.tfstate")
    state = json_text.parse(path.read_text("utf-8"))
    return state["resources"][0]["instances"][0]["attributes"]["input"]["value"]  # type: ignore[index,call-overload]  # a state's own shape

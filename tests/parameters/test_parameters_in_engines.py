"""What was settled, and what was read as declared, is what a real engine holds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.action import Operation
from purveyor.errors import CatalogError
from purveyor.hcl import read_module
from purveyor.parameters import VariableRequest, resolve_request
from purveyor.process import Command, run

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary.model import EngineBinary
    from purveyor.json_text import JsonValue

HOSTILE = [
    "plain", "", " ", "true", "1e3", "null", '"quoted"', "a\nb\r\n\tc", "\\n \\u00e9 \\",
    '${file("/etc/passwd")} $${x} %{ if true }x%{ endif }', "$(id) `id` ; rm -rf /", "<<EOT",
    "::set-output name=a::b", "##vso[task.complete]", "\x00\x07\x1b[31m", "é ü ß 日本 🙂", "\u202e",
    "\u2028", "-var=x", "'", "<script>&amp;",
]  # fmt: skip
MODULE = """
variable "text" { type = list(string) }
variable "anything" { type = any }
variable "number" { type = list(number) }
variable "object" {
  type = object({ port = number, note = optional(string, "standard"), tags = map(string) })
}
variable "nothing" {
  type    = string
  default = "default"
}
resource "terraform_data" "all" {
  input = { text = var.text, number = var.number, object = var.object }
}
output "text" { value = terraform_data.all.output.text }
output "anything" { value = var.anything }
output "number" { value = var.number }
output "object" { value = terraform_data.all.output.object }
output "nothing" { value = var.nothing == null }
"""
DEFAULTS = [
    "null", "true", "-5", "123456789012345678901234567890", "0.125", "-1e3", "(1)",
    r'"a\n\"b\" $${x} %%{y} \u00e9 \\ # no comment"', '"$$${x} $ % %%"', '"e\u0301"',
    '<<EOT\nraw "q" \\n $${x}\n\n}\nEOT', "<<-EOT\n    a\n\n      b\n    EOT",
    "<<-E\n\ta\n\t\tb\n  E",
    "[1, [], [true,],\n]", '{ a = 1, "b c" : "d"\n 3 = {} }', '""', "[]", "{}",
]  # fmt: skip


def call(engine: EngineBinary, folder: Path, environment: dict[str, str], *words: str) -> str:
    done = run(Command((str(engine.path), *words), folder, environment), timeout=60)
    assert done.code == 0, done.stderr
    return done.stdout


def apply(engine: EngineBinary, folder: Path, environment: dict[str, str]) -> dict[str, JsonValue]:
    """Apply the folder's module and give its outputs."""
    call(engine, folder, environment, "init")
    call(engine, folder, environment, "apply", "-auto-approve")
    outputs = json_text.parse(call(engine, folder, environment, "output", "-json"))
    assert isinstance(outputs, dict)
    return {name: each["value"] for name, each in outputs.items() if isinstance(each, dict)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "module"
    made.mkdir()
    return made


def test_settled_values_reach_the_engine_unchanged(
    engine: EngineBinary, folder: Path, clean_environment: dict[str, str]
) -> None:
    (folder / "main.tf").write_text(MODULE)
    asked: dict[str, JsonValue] = {
        "text": list(HOSTILE),
        "anything": {"${x}": [1, "1", None, {"a b": False}], "é": Decimal("0.1")},
        "number": [0, -1, 10**150 + 1, Decimal("1E+400"), Decimal("0." + "123456789" * 8)],
        "object": {"port": 2**64 + 1, "tags": {"a.b": "${c}", "": "d"}},
        "nothing": None,
    }
    request = VariableRequest(operation=Operation.CREATE, parameters=asked)
    settled = resolve_request(request, read_module(folder))
    (folder / "purveyor.auto.tfvars.json").write_text(json_text.write(settled))
    standard: JsonValue = {**settled["object"], "note": "standard"}  # type: ignore[dict-item] # it is the object above
    expected = {**settled, "object": standard, "nothing": True}
    assert apply(engine, folder, clean_environment) == expected


def test_defaults_are_read_as_the_engine_reads_them(
    engine: EngineBinary, folder: Path, clean_environment: dict[str, str]
) -> None:
    blocks = [
        f'variable "v{number}" {{\n  default = {text}\n}}\n'
        f'output "v{number}" {{ value = [var.v{number}] }}\n'
        for number, text in enumerate(DEFAULTS)
    ]
    (folder / "main.tf").write_text("\n".join(blocks))
    declared = {name: [each.default] for name, each in read_module(folder).variables.items()}
    assert apply(engine, folder, clean_environment) == declared


@pytest.mark.parametrize(
    ("use", "options"), [("var.password", ()), ('"x${var.password}"', ("-refresh=false",))]
)
def test_a_delete_goes_through_without_the_secret_that_the_platform_withholds(
    engine: EngineBinary,
    folder: Path,
    clean_environment: dict[str, str],
    use: str,
    options: tuple[str, ...],
) -> None:
    # With its refresh, destroy evaluates the whole configuration; a template refuses null there.
    (folder / "main.tf").write_text(
        'variable "password" {\n  type = string\n  sensitive = true\n}\n'
        'variable "port" { type = number }\n'
        f'resource "terraform_data" "user" {{ input = [{use}, var.port] }}\n'
    )
    variables = folder / "purveyor.auto.tfvars.json"
    variables.write_text('{"password": "x", "port": 1}')
    apply(engine, folder, clean_environment)
    request = VariableRequest(
        operation=Operation.DELETE, service_attributes={"password": None, "port": "1"}
    )
    variables.unlink()  # it would be a file of values of the module's own
    variables.write_text(json_text.write(resolve_request(request, read_module(folder))))
    call(engine, folder, clean_environment, "destroy", "-auto-approve", *options)
    state = json_text.parse((folder / "terraform.tfstate").read_text())
    assert isinstance(state, dict)
    assert state["resources"] == []


@pytest.mark.parametrize(
    ("text", "accepted"),
    [("list", True), ("map", True), ("set", False), ("tuple", False), ("strin", False),
     ("object([string])", False), ("list(string, number)", False), ("optional(string)", False)],
)  # fmt: skip
def test_the_engine_accepts_the_types_that_we_accept(
    engine: EngineBinary,
    folder: Path,
    clean_environment: dict[str, str],
    *,
    text: str,
    accepted: bool,
) -> None:
    (folder / "main.tf").write_text(f'variable "x" {{\n  type = {text}\n}}\n')
    command = Command((str(engine.path), "validate"), folder, clean_environment)
    assert (run(command, timeout=60).code == 0) is accepted
    if accepted:
        assert read_module(folder).variables["x"].required
    else:
        with pytest.raises(CatalogError, match="is not valid"):
            read_module(folder)

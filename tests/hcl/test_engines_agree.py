"""Every construct that we judge is judged by the real engines, too: the same answers.

All inputs of one kind stand in one folder, a file each, so that an engine starts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text, process
from purveyor.errors import CatalogError
from purveyor.hcl import golang, python, read_module

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.engines.binary.model import EngineBinary

# `@` is a name of the file's own.
ACCEPTED = [
    'variable "@" { description = "x ${1}" }',
    'variable "@" { description = true }',
    'variable "@" { description = true ? "a" : "b" }',
    'variable "@" { sensitive = !false }',
    'variable "@" { sensitive = "1" }',
    'variable "@" { nullable = 1 == 1 }',
    "variable @ {}",
    '\ufeffvariable "@" { default = 1 }',
    'variable "@-größe" { type = number }\noutput "@" { value = var.@-größe }',
    'variable "@-o\u0308" { type = number }\noutput "@" { value = var.@-o\u0308 }',
    'locals {\n  @ = "${~ 1 ~}"\n}',
    'variable "@" { type = object({a : string, b = optional(number, 1 + 1)}) }',
    'variable "@" { type = list }',
    'variable "@" { type = list(string,) }',
    'variable "@" {\n  type    = number\n  default = "-1.5e3"\n}',
    'variable "@" {\n  type    = number\n  default = "+.5"\n}',
    'variable "@" {\n  type    = number\n  default = "Inf"\n}',
    'variable "@" {\n  type    = bool\n  default = "0"\n}',
    'variable "@" {\n  type    = string\n  default = true\n}',
    'variable "@" {\n  type    = map(string)\n  default = {a = 1, b = true, c = null}\n}',
    'variable "@" {\n  type    = set(string)\n  default = ["a", "a", 1]\n}',
    'variable "@" {\n  type    = tuple([string, number])\n  default = [1, "5"]\n}',
    'variable "@" {\n type = object({a = string, b = optional(any)})\n default = {a = 1, c = 1}\n}',
    'variable "@" {\n  type    = list(any)\n  default = [1, "a", true]\n}',
    'variable "@" { default = 1 + 1 }',
    'variable "@" { default = [for x in [1, 2] : x] }',
    'variable "@" { default = {a = 1, a = 2} }',
    'variable "@" {\n  validation {\n condition = var.@ != 1\n error_message = "no"\n  }\n}',
    'output "@" {\n  value      = 1\n  depends_on = []\n}',
]  # fmt: skip
ACCEPTED_JSON = [
    '{"variable": {"@a": {}}, "variable": {"@b": {}}}',
    '{"locals": {"@a": 1}, "locals": {"@b": 1}}',
    '{"variable": {"@": {"default": ' + "[" * 70 + "]" * 70 + "}}}",
    '{"variable": {"@": {"default": ' + "[" * 400 + "]" * 400 + "}}}",
    '{"variable": {"@": {"default": "${var.x}", "description": 5}}}',
    '{"variable": {"@": null, "@b": []}, "output": {"@": {"value": null}}}',
]  # fmt: skip
REFUSED = [
    'variable "@" { type = object({name = string, name = string}) }',
    'variable "@" { type = object({"name" = string}) }',
    'variable "@" { type = object({a = optional(number, "x")}) }',
    'variable "@" { type = object({a = optional(string, upper("x"))}) }',
    'variable "@" { type = "string" }',
    'variable "@" { type = set }',
    'variable "@" {\n  nullable = false\n  default  = null\n}',
    'variable "@" {\n  type    = string\n  default = []\n}',
    'variable "@" {\n  type    = number\n  default = "0x10"\n}',
    'variable "@" {\n  type    = number\n  default = true\n}',
    'variable "@" {\n  type    = bool\n  default = 1\n}',
    'variable "@" {\n  type    = bool\n  default = "yes"\n}',
    'variable "@" {\n  type    = map(string)\n  default = {b = []}\n}',
    'variable "@" {\n  type    = list(string)\n  default = {}\n}',
    'variable "@" {\n  type    = tuple([string, number])\n  default = ["a"]\n}',
    'variable "@" {\n  type    = object({a = string, b = number})\n  default = {a = "x"}\n}',
    'variable "@" { default = var.b }',
    'variable "@" { default = "x ${local.b}" }',
    'variable "@" { default = upper("x") }',
    'variable "@" { description = null }',
    'variable "@" { description = [] }',
    'variable "@" { description = upper("x") }',
    'variable "@" { sensitive = null }',
    'variable "@" { sensitive = 1 }',
    'variable "@" { nullable = var.b }',
    'variable "@" { defualt = 1 }',
    'variable "@" "b" {}',
    'output "@" {}',
    'output "@" { sensitive = true }',
    'output "@" {\n  value     = 1\n  sensitive = var.b\n}',
    'output "@" {\n  value       = 1\n  description = null\n}',
]  # fmt: skip
REFUSED_JSON = [
    '{"variable": null}',
    '\ufeff{"variable": {"@": {}}}',
    '{"variable": {"@": {"description": null}}}',
    '{"variable": {"@": {"type": null}}}',
    '{"variable": {"@": {"type": "string", "type": "number"}}}',
    '{"variable": {"@": {"sensitive": 1}}}',
    '{"variable": {"@": {"sensitive": "${true}"}}}',
    '{"variable": {"@": {"type": "number", "default": "x"}}}',
    '{"output": {"@": {}}}',
    '"x"',
]  # fmt: skip


def write(folder: Path, texts: list[str], json_texts: list[str]) -> list[str]:
    names = []
    for ending, part in ((".tf", texts), (".tf.json", json_texts)):
        for number, text in enumerate(part):
            names.append(f"c{number:02}{ending}")
            own = f"n{number}{'j' * ending.count('json')}"
            (folder / names[-1]).write_text(text.replace("@", own), newline="")
    return sorted(names)


def judge(engine: EngineBinary, folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Give by file what the engine says against it."""
    command = process.Command((str(engine.path), "validate", "-json"), folder, environment)
    told = json_text.parse(process.run(command).stdout)
    assert isinstance(told, dict)
    assert isinstance(told["diagnostics"], list)
    found = {}
    for each in told["diagnostics"]:
        assert isinstance(each, dict)
        place = each.get("range")
        if each["severity"] == "error":
            found[str(place["filename"]) if isinstance(place, dict) else ""] = str(each["summary"])
    return found


def test_the_engines_accept_what_we_accept(
    engine: EngineBinary, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "module"
    folder.mkdir()
    write(folder, ACCEPTED, ACCEPTED_JSON)
    for parser in (golang, python):
        assert read_module(folder, find_syntax_faults=parser.find_syntax_faults).variables
    assert judge(engine, folder, clean_environment) == {}


def test_the_engines_refuse_what_we_refuse(
    engine: EngineBinary, clean_environment: dict[str, str], tmp_path: Path
) -> None:
    names = write(tmp_path, REFUSED, REFUSED_JSON)
    for name in names:
        folder = tmp_path / "one" / name.replace(".", "-")
        folder.mkdir(parents=True)
        (folder / name).write_bytes((tmp_path / name).read_bytes())
        for parser in (golang, python):
            with pytest.raises(CatalogError):
                read_module(folder, find_syntax_faults=parser.find_syntax_faults)
    refused = judge(engine, tmp_path, clean_environment)
    assert [name for name in names if name not in refused] == []

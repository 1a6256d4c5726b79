"""What a module declares, read through both parsers: one suite, the same answers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import pytest

from purveyor.declaration import (
    Attribute,
    Collection,
    ModuleOutput,
    Object,
    Primitive,
    Tuple,
)
from purveyor.errors import CatalogError, ReasonCode
from purveyor.hcl import golang, read_module
from purveyor.hcl.files import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.declaration import ModuleInterface, TypeConstraint, Variable
    from purveyor.hcl.scanner import HclTextError
    from purveyor.json_text import JsonValue

Parser: TypeAlias = "Callable[[str], list[HclTextError]]"
Read: TypeAlias = "Callable[..., ModuleInterface]"
STRING, NUMBER, ANY = Primitive("string"), Primitive("number"), Primitive("any")


def only(module: ModuleInterface) -> Variable:
    (variable,) = module.variables.values()
    return variable


def faults_of(read: Read, text: str = "", **files: str) -> tuple[str, ...]:
    with pytest.raises(CatalogError) as caught:
        read(text, **files)
    assert caught.value.reason is ReasonCode.MODULE_INVALID
    return caught.value.details


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("string", STRING),
        ("number", NUMBER),
        ("bool", Primitive("bool")),
        ("any", ANY),
        ("list(string)", Collection("list", STRING)),
        ("set(number)", Collection("set", NUMBER)),
        ("map(list(any))", Collection("map", Collection("list", ANY))),
        ("list", Collection("list", ANY)),
        ("map", Collection("map", ANY)),
        (
            "tuple([string, list(number),\n  any,\n])",
            Tuple((STRING, Collection("list", NUMBER), ANY)),
        ),
        ("object({})", Object({})),
        (
            """object({
                a = string # first
                b = optional(number, 3), /* } */
                c : optional(map(string), { x = "})", y = (1 + 1) })
                d-e = optional(any)
            })""",
            Object(
                {
                    "a": Attribute(STRING),
                    "b": Attribute(NUMBER, optional=True, default=3),
                    "c": Attribute(Collection("map", STRING), optional=True),
                    "d-e": Attribute(ANY, optional=True),
                }
            ),
        ),
    ],
)
def test_a_type_expression_becomes_a_constraint(
    read: Read, text: str, expected: TypeConstraint
) -> None:
    assert only(read(f'variable "x" {{\n  type = {text}\n}}\n')).type == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", None),
        ("true", True),
        ("-5", -5),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        (
            "0.10000000000000000000000000000000000001",
            Decimal("0.10000000000000000000000000000000000001"),
        ),
        ("-1e3", Decimal("-1E+3")),
        ("(1)", 1),
        (
            '"a\\n\\"b\\" $${x} %%{y} \\u00e9 \\\\ # no comment"',
            'a\n"b" ${x} %{y} é \\ # no comment',
        ),
        ('"$$${x}"', "$${x}"),
        ('"e\u0301"', "é"),
        ('<<EOT\nraw "q" \\n $${x}\n\n}\nEOT', 'raw "q" \\n ${x}\n\n}\n'),
        ("<<-EOT\n    a\n\n      b\n    EOT", "a\n\n  b\n"),
        ("<<-EOT\n    a\v    b\f  c\n    EOT", "a\v    b\f  c\n"),
        ("[1, [], [true,],\n]", [1, [], [True]]),
        ('{ a = 1, "b c" : [2]\n 3 = {} }', {"a": 1, "b c": [2], "3": {}}),
    ],
)
def test_a_literal_default_is_exact(read: Read, text: str, expected: JsonValue) -> None:
    variable = only(read(f'variable "x" {{\n  default = {text}\n}}\n'))
    assert not variable.required
    assert variable.default == expected
    assert type(variable.default) is type(expected)


def test_a_default_that_must_be_evaluated_is_a_default_all_the_same(read: Read) -> None:
    variable = only(read('variable "x" { default = 1 + 1 }\n'))
    assert (variable.required, variable.default) == (False, None)


def test_a_variable_shows_everything_it_declares_and_its_place(read: Read) -> None:
    variable = only(
        read(
            '# variable "not" {}\n/*\nvariable "this" {}\n*/\n'
            'variable "password" {\n  type = string\n  description = "The <b>word</b>"\n'
            "  sensitive = true\n  nullable  = false\n  ephemeral = true\n"
            "  validation {\n    condition = length(var.password) > 3\n"
            '    error_message = "short ${var.password}"\n  }\n}\n'
        )
    )
    assert variable.name == "password"
    assert variable.required
    assert (variable.sensitive, variable.nullable, variable.ephemeral) == (True, False, True)
    assert variable.description == "The <b>word</b>"
    assert (variable.file, variable.line) == ("main.tf", 5)
    assert [each.condition for each in variable.validations] == ["length ( var . password ) > 3"]


def test_a_plain_variable_takes_anything_and_is_required(read: Read) -> None:
    variable = only(read("variable x {}\r\n"))
    assert (variable.type, variable.required, variable.nullable) == (ANY, True, True)
    assert (variable.sensitive, variable.ephemeral, variable.description) == (False, False, "")


def test_outputs_are_read_and_all_other_blocks_left_alone(read: Read) -> None:
    module = read(
        'output "a" { value = 1 }\noutput "b" {\n  value     = "${[for k in [1] : k][0]}"\n'
        '  sensitive = true\n  description = "B"\n}\n'
        'locals {\n  variable = {}\n}\nresource "x" "y" {\n  variable "z" {}\n}\n'
    )
    assert module.variables == {}
    assert module.outputs == {
        "a": ModuleOutput("a"),
        "b": ModuleOutput("b", sensitive=True, description="B"),
    }


def test_the_json_syntax_says_the_same_as_the_native_one(read: Read) -> None:
    variable = only(
        read(
            main__tf__json='{"//": "c", "variable": {"x": [{"type": "list(object({a=number}))",'
            ' "default": [{"a": 1.50}], "sensitive": true, "description": "d"}]},'
            ' "output": [{"o": {"value": "${var.x}", "sensitive": "true"}}]}'
        )
    )
    assert variable.type == Collection("list", Object({"a": Attribute(NUMBER)}))
    assert variable.default == [{"a": Decimal("1.50")}]
    assert (variable.sensitive, variable.file, variable.line) == (True, "main.tf.json", 0)


def test_override_files_replace_what_they_say_and_nothing_else(read: Read) -> None:
    module = read(
        'variable "x" {\n  type = string\n  default = "a"\n  sensitive = true\n}\n',
        a_override__tf='variable "x" { default = null }\n',
        override__tf__json='{"variable": {"x": {"type": "number", "sensitive": false}}}',
    )
    variable = only(module)
    assert variable.type == NUMBER
    assert (variable.required, variable.default, variable.sensitive) == (False, None, False)


def test_an_override_of_nothing_is_a_fault(read: Read) -> None:
    details = faults_of(read, "\n", override__tf='\nvariable "x" {}\n')
    assert details == ("override.tf:2:1: the variable 'x' overrides nothing",)


def test_main_tofu_hides_main_tf_from_opentofu_alone(read: Read) -> None:
    files = {"main__tofu": 'variable "new" {}\n', "other__tf": 'variable "too" {}\n'}
    old = 'variable "old" {}\n'
    assert set(read(old, **files).variables) == {"new", "too"}
    assert set(read(old, tofu_files=False, **files).variables) == {"old", "too"}


def test_files_that_the_engines_ignore_are_ignored(read: Read, tmp_path: Path) -> None:
    (tmp_path / "folder.tf").mkdir()
    for name in (".hidden.tf", "old.tf~", "x.tfvars", "notes.txt", "#a.tf#"):
        (tmp_path / name).write_text("{{{")
    assert only(read('variable "x" {}\n')).name == "x"


def test_a_declaration_made_twice_names_both_places(read: Read) -> None:
    details = faults_of(read, '\nvariable "x" {}\n', other__tf='\n\nvariable "x" {}\n')
    assert details == ("other.tf:3:1: the variable 'x' is declared at main.tf:2 already",)


def test_the_faults_of_all_files_come_at_once(read: Read, tmp_path: Path, parser: Parser) -> None:
    (tmp_path / "binary.tf").write_bytes(b'a = 1\n  b = "\xff"\n')
    (tmp_path / "huge.tf").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    details = faults_of(
        read,
        'variable "x" {\n  type = strin\n  sensitive = 5\n}\n',
        brace__tf='\nvariable "x" {\n',
        json__tf__json='{"variable": {"a": 1},\n  oops}',
        syntax__tf="x = 1\ny = ]\n",
        wrong__tf="x = 1\ny = = 2\n",
    )
    # What only python-hcl2 sees is no fault but a doubt.
    certain = ["wrong.tf:2:5"] if parser is golang.find_syntax_faults else []
    assert [detail.split(": ")[0] for detail in details] == [
        "binary.tf:2:8", "brace.tf:2:14", "huge.tf", "json.tf.json:2:3",
        "main.tf:2:10", "main.tf:3:3", "syntax.tf:2:5", *certain,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("type = set\n", "2:8", "no type"),
        ("type = list(string, number)", "2:8", "one argument"),
        ("type = list(string[1])", "2:8", "one argument"),
        ("type = object([a])", "2:8", "not complete"),
        ('type = "string"', "2:8", "no type"),
        ("type = object({a = any, a = any})", "2:25", "twice"),
        ('type = object({"a" = any})', "2:16", "without quotes"),
        ('type = object({a = optional(number, "x")})', "2:37", "does not fit its type"),
        ("type = optional(string)", "2:8", "no type"),
        ("nullable = null", "2:1", "true or false"),
        ('description = "${x}"', "2:15", "only a constant"),
        ("description = null", "2:1", "needs a text"),
        ("sensitive = var.x", "2:13", "only a constant"),
        ("default = upper(1)", "2:11", "only a constant"),
        ("defualt = 1", "2:1", "did you mean 'default'?"),
        ("default = null\nnullable = false", "1:1", "exclude each other"),
        ("default = []\ntype = string", "1:1", "does not fit its type"),
        ('default = "a', "2:11", "the string of line 2 is never closed"),
        ("default = <<A\nb\n", "2:11", "the string of line 2 is never closed"),
        ("default = (1", "2:11", "`(` of line 2 is never closed"),
        ("default = /* b\n", "2:11", "not closed"),
        ("default = 1 \0", "2:13", "NUL"),
    ],
)
def test_a_fault_names_its_place(read: Read, text: str, place: str, words: str) -> None:
    (detail, *_) = faults_of(read, f'variable "x" {{\n{text}\n}}\n')
    assert detail.startswith(f"main.tf:{place}: ")
    assert words in detail


@pytest.mark.parametrize(
    "text", ["type = list(string", "type = object({a})", "type = string number", 'default = "\\q"']
)
def test_wrong_syntax_is_a_fault_of_its_file(read: Read, text: str) -> None:
    (detail, *_) = faults_of(read, f'variable "x" {{\n{text}\n}}\n')
    assert re.match(r"main\.tf:[1-4]:[0-9]+: .", detail)


def test_a_folder_without_files_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no \.tf files") as caught:
        read_module(tmp_path)
    assert caught.value.reason is ReasonCode.MODULE_INVALID


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist") as caught:
        read_module(tmp_path / "none")
    assert caught.value.reason is ReasonCode.MODULE_NOT_FOUND


def test_a_file_in_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "main.tf").touch()
    with pytest.raises(CatalogError, match="cannot be read"):
        read_module(tmp_path / "main.tf")


def test_a_dangling_link_is_a_fault_of_its_file(read: Read, tmp_path: Path) -> None:
    (tmp_path / "gone.tf").symlink_to(tmp_path / "nowhere")
    assert faults_of(read) == ("gone.tf: this is not a regular file",)

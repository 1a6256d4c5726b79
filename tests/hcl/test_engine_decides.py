"""What is read of a module where ours is only the second reader: nothing is forbidden by guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from purveyor import json_text
from purveyor.declaration import ModuleCall
from purveyor.hcl import python

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.hcl.scanner import HclTextError
    from purveyor.json_text import JsonValue

Parser: TypeAlias = "Callable[[str], list[HclTextError]]"
Read: TypeAlias = "Callable[..., ModuleInterface]"


def only(module: ModuleInterface) -> Variable:
    (variable,) = module.variables.values()
    return variable


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("!false", True), ("!true", False), ("1 == 1", True), ('"a" != "a"', False),
        ("(1 == 2) == false", True), ('"${true}"', True), ('"1"', True), ('"false"', False),
        ("1 + 1 == 2", True), ("false && true", True),
    ],
)  # fmt: skip
def test_a_flag_is_evaluated_and_what_only_the_engine_can_evaluate_fails_safe(
    read: Read, flag: str, *, value: bool
) -> None:
    variable = only(read(f'variable "x" {{\n  sensitive = {flag}\n  nullable = {flag}\n}}\n'))
    assert (variable.sensitive, variable.nullable) == (value, value)


@pytest.mark.parametrize(
    ("text", "description"),
    [('"x ${1}"', "x 1"), ('"${true} $${a}"', "true ${a}"), ("5", "5"), ("1 + 1", "1+1")],
)
def test_a_description_is_text(read: Read, text: str, description: str) -> None:
    assert only(read(f'variable "x" {{ description = {text} }}\n')).description == description


def test_a_label_keeps_its_spelling(read: Read) -> None:
    name = "gro\u0308\u00dfe"
    module = read(f'variable "{name}" {{}}\noutput "{name}" {{ value = 1 }}\n')
    # What is asked for is compared in NFC.
    assert (list(module.variables), list(module.outputs)) == (["größe"], ["größe"])
    assert module.spell({"größe": 1}) == {name: 1}


def test_a_byte_order_mark_is_stepped_over(read: Read) -> None:
    assert only(read('\ufeffvariable "x" {}\n')).line == 1


def test_only_an_end_of_line_ends_a_line_of_a_heredoc(read: Read) -> None:
    text = 'variable "x" {\n  default = <<-EOT\n    a\x0b  b\x0c\u2028c\n     d\n  EOT\n}\n'
    assert only(read(text)).default == "a\x0b  b\x0c\u2028c\n d\n"


def test_what_generators_write_is_read(read: Read) -> None:
    terms = "true &&\n" * 1_200
    lines = "".join(f"  line {number}\n" for number in range(10_050))
    resources = {f"r{n}": {"input": f"{n:0400}"} for n in range(1_500)}
    deep: JsonValue = []
    for _ in range(69):
        deep = [deep]
    module = read(
        f"locals {{\n  a = <<EOT\n{lines}EOT\n  b = ({terms}true)\n}}\n",
        comment__tf="# a comment of a generator\n" * 80_000 + 'variable "x" {}\n',
        big__tf__json=json_text.write({"resource": {"terraform_data": resources}}),
        deep__tf__json=json_text.write({"variable": {"deep": {"default": deep}}}),
    )
    assert set(module.variables) == {"x", "deep"}
    assert len(module.resources) == 1_500


def test_blocks_of_one_kind_under_two_keys_of_json_are_all_read(read: Read) -> None:
    module = read(
        main__tf__json='{"variable": {"a": {}}, "locals": {"x": 1}, "variable": {"b": {}},'
        ' "locals": {"y": 1}, "output": {"c": {"value": 1}}}'
    )
    assert (set(module.variables), set(module.outputs)) == ({"a", "b"}, {"c"})


def test_what_only_one_parser_refuses_is_a_doubt(read: Read, parser: Parser) -> None:
    module = read('variable "größe" {}\nlocals {\n  a = "${~ 1 ~}"\n}\n')
    assert set(module.variables) == {"größe"}
    assert bool(module.doubts) == (parser is python.find_syntax_faults)


def test_calls_resources_and_the_engines_version_are_read(read: Read) -> None:
    module = read(
        'terraform {\n  required_version = ">= 1.5, < 2"\n}\n'
        'module "net" {\n  source = "../net"\n  count  = 1\n  cidr   = var.cidr\n}\n'
        'resource "aws_vpc" "main" {}\n',
        more__tf__json='{"module": {"far": {"source": "a/b/c", "version": "1.0.0", "x": 1}},'
        ' "resource": {"aws_eip": {"a": {}, "b": [{}]}}}',
    )
    assert module.calls == (
        ModuleCall("net", "../net", frozenset({"cidr"}), "main.tf:4"),
        ModuleCall("far", "a/b/c", frozenset({"x"}), "more.tf.json"),
    )
    assert module.resources == {"aws_vpc.main", "aws_eip.a", "aws_eip.b"}
    assert module.required_versions == (">= 1.5, < 2",)


def test_a_source_that_only_the_engine_can_evaluate_is_no_fault(read: Read) -> None:
    text = 'module "a" {\n  source = "${var.place}/net"\n  sensitive = var.x\n  default = f(1)\n}\n'
    (call,) = read(text).calls
    assert call.source == ""
    assert call.arguments == {"sensitive", "default"}


def test_files_of_values_are_sources_of_values(read: Read) -> None:
    module = read(
        "".join(f'variable "{name}" {{}}\n' for name in "abcde"),
        terraform__tfvars="a = 1\nb = {\n  x = 1\n}\n",
        terraform__tfvars__json='{"b": 2}',
        B__auto__tfvars="c = 1\n",
        a__auto__tfvars__json='{"c": 2, "d": 3}',
        other__tfvars="e = 1\n",
    )
    assert module.set_by == {
        "a": "terraform.tfvars", "b": "terraform.tfvars.json",
        "c": "a.auto.tfvars.json", "d": "a.auto.tfvars.json",
    }  # fmt: skip
    assert [name for name, each in module.variables.items() if each.required] == ["e"]


def test_a_file_of_values_that_cannot_be_read_is_left_to_the_engine(read: Read) -> None:
    module = read('variable "x" {}\n', terraform__tfvars="x = [\n")
    assert module.doubts == ("terraform.tfvars: `[` of line 1 is never closed",)

"""No HCL text, however made, ends in anything but an answer or a fault."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.errors import CatalogError
from purveyor.hcl import golang, python, read_module
from purveyor.hcl.native_syntax import read_native
from purveyor.hcl.scanner import MAX_DEPTH, HclDoubtError, HclTextError, scan

PARSERS = pytest.mark.parametrize("parser", [golang, python], ids=["golang", "python"])
PIECES = [
    'variable "x" {', 'output "y" {', "variable", "type", "default", "sensitive", "=", "\n", " ",
    "}", "{", "(", ")", "[", "]", ",", ":", '"', "${", "%{", "$${", "\\", '\\"', "\\u00e9", "\\u",
    "<<EOT\n", "<<-E\n", "EOT\n", "\nE\n", "#", "//", "/*", "*/", "string", "list", "map(string)",
    "object({", "optional(", "tuple([", "true", "null", "1", "-", "1e9", "0.5", "...", "=>", "?",
    "é", "e\u0301", "\ufeff", "\r\n", "\t", "for x in y", "\u2028", "🙂",
]  # fmt: skip
# Far beyond what is read; more of it would only be scanned for longer.
DEEP = 30 * MAX_DEPTH
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=30).map("".join))


@given(text=TEXTS)
@settings(max_examples=400, deadline=None)
def test_no_text_ends_in_a_traceback(text: str) -> None:
    for parser in (golang, python):
        reading = read_native(text, parser.find_syntax_faults)
        assert all(isinstance(fault, HclTextError) for fault in reading.faults)
        assert all(fault.problem and fault.line >= 0 for fault in reading.faults)


@given(content=st.one_of(st.binary(max_size=60), TEXTS.map(lambda text: text.encode())))
@settings(max_examples=100, deadline=None)
def test_no_file_ends_in_a_traceback(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for name in ("main.tf", "other.tf.json", "x_override.tf"):
            (path / name).write_bytes(content)
        try:
            module = read_module(path)
        except CatalogError as error:
            assert error.details  # noqa: PT017 - either end is right
        else:
            assert module.path == path


@PARSERS
@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * DEEP,
        "x = " + "[" * DEEP + "]" * DEEP,
        "a {\n" * DEEP,
        "x = " + '"${' * DEEP,
        "x = <<E\n${" + "(" * DEEP + ")" * DEEP + "}\nE\n",
        "x = " + "!" * 60_000 + "true",
        "x = (" + "a ? b :\n" * 30_000 + "c)",
        'x = "' + "%{if true}" * 20_000 + "%{endif}" * 20_000 + '"',
        'x = "' + "$" * 200_000 + '"',
        "x = <<E\n" + "a\n" * 100_000 + "E\n",
        "/*" * DEEP,
        'variable "x" { default = ' + "[" * 900 + "]" * 900 + " }",
        'variable "x" { type = ' + "list(" * 900 + "any" + ")" * 900 + " }",
    ],
    ids=lambda text: text[:12],
)
def test_deep_texts_neither_end_nor_hang_the_process(parser: object, text: str) -> None:
    assert parser in (golang, python)
    find = golang.find_syntax_faults if parser is golang else python.find_syntax_faults
    assert len(read_native(text, find).faults) <= 1


@PARSERS
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * DEEP + "]" * DEEP, "nested deeper than 1000 levels"),
        ("x = " + "!" * 60_000 + "true", "more than 50000 signs in one expression"),
        ("x = <<E\n" + "a\n" * 100_000 + "E\n", "a string of more than 20000 pieces"),
    ],
    ids=["levels", "signs", "pieces"],
)
def test_what_is_too_much_for_a_parser_is_left_to_the_engine(
    parser: object, text: str, words: str
) -> None:
    find = golang.find_syntax_faults if parser is golang else python.find_syntax_faults
    reading = read_native(f'{text}\nvariable "v" {{}}\n', find)
    assert [(type(each), each.problem) for each in reading.faults] == [(HclDoubtError, words)]
    assert [draft.name for draft in reading.drafts] == ["v"]


def test_a_depth_that_real_modules_have_is_read() -> None:
    scan("x = " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))


@PARSERS
def test_brackets_in_strings_and_comments_are_no_brackets(parser: object) -> None:
    find = golang.find_syntax_faults if parser is golang else python.find_syntax_faults
    text = 'x = "(((" # [[[\ny = "${"}"}" /* { */\nz = <<E\n((( $${ ${"E"}\n E\nvariable "v" {}\n'
    reading = read_native(text, find)
    assert reading.faults == []
    assert [(draft.name, draft.line) for draft in reading.drafts] == [("v", 6)]

"""What a variable's type, default and rules become in JSON Schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.hcl import read_module
from purveyor.specs.patterns import UntranslatableError, translate_pattern
from purveyor.specs.schema import describe_variable

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject


def describe(folder: Path, body: str, *, file: str = "main.tf") -> tuple[JsonObject, list[str]]:
    (folder / file).write_text(body if file.endswith(".json") else f'variable "x" {{\n{body}\n}}\n')
    return describe_variable(read_module(folder).variables["x"])


@pytest.mark.parametrize(
    ("constraint", "schema"),
    [
        ("string", {"type": "string"}),
        ("number", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ("any", {}),
        ("list(string)", {"type": "array", "items": {"type": "string"}}),
        ("set(number)", {"type": "array", "items": {"type": "number"}, "uniqueItems": True}),
        ("map(bool)", {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (
            "tuple([string, number])",
            {
                "type": "array",
                "items": [{"type": "string"}, {"type": "number"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (
            "object({ a = string, b = optional(number, 7), c = optional(list(string)) })",
            {
                "type": "object",
                "properties": {
                    "a": {"type": "string"},
                    "b": {"type": "number", "default": 7},
                    "c": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["a"],
            },
        ),
    ],
)
def test_a_type_becomes_a_schema(tmp_path: Path, constraint: str, schema: JsonObject) -> None:
    assert describe(tmp_path, f"type = {constraint}") == (schema, [])


@pytest.mark.parametrize(
    ("constraint", "default", "value"),
    [
        ("number", '"5"', 5),
        ("string", "5", "5"),
        ("string", "true", "true"),
        ("bool", '"true"', True),
        ("bool", '"0"', False),
        ("set(string)", '["b", "a", "b"]', ["a", "b"]),
        ("map(string)", "{ a = 1 }", {"a": "1"}),
        (
            "object({ enabled = bool, days = optional(number, 7), more = optional(string) })",
            '{ enabled = "true", other = 1 }',
            {"enabled": True, "days": 7},
        ),
        (
            "list(object({ port = optional(string, 80) }))",
            "[{}, { port = 443 }]",
            [{"port": "80"}, {"port": "443"}],
        ),
    ],
)
def test_a_default_is_the_engine_s_converted_and_filled_in(
    tmp_path: Path, constraint: str, default: str, value: object
) -> None:
    schema, _ = describe(tmp_path, f"type = {constraint}\ndefault = {default}")
    assert schema["default"] == value


def test_a_secret_s_default_and_a_null_are_not_told(tmp_path: Path) -> None:
    assert "default" not in describe(tmp_path, 'type = string\ndefault = "s3"\nsensitive = true')[0]
    assert "default" not in describe(tmp_path, "type = string\ndefault = null")[0]


RULES = [
    ("string", 'contains(["a", "b"], var.x)', {"enum": ["a", "b"]}),
    ("string", 'var.x == "a" || "b" == var.x', {"enum": ["a", "b"]}),
    ("string", 'var.x == null || contains(["a"], var.x)', {"enum": ["a"]}),
    ("string", '!contains(["root"], var.x)', {"not": {"enum": ["root"]}}),
    ("string", 'var.x != ""', {"not": {"enum": [""]}}),
    ("number", "var.x >= 1 && 10 > var.x", {"minimum": 1, "exclusiveMaximum": 10}),
    ("number", "var.x > -1", {"exclusiveMinimum": -1}),
    (
        "number",
        "var.x >= 20 && var.x <= 100 && floor(var.x) == var.x",
        {"type": "integer", "minimum": 20, "maximum": 100},
    ),
    ("number", "var.x % 8 == 0", {"multipleOf": 8}),
    ("string", "length(var.x) > 2 && length(var.x) <= 9", {"minLength": 3, "maxLength": 9}),
    ("list(string)", "length(var.x) != 0", {"minItems": 1}),
    ("map(string)", "length(var.x) < 3", {"maxProperties": 2}),
    ("list(string)", "length(distinct(var.x)) == length(var.x)", {"uniqueItems": True}),
    ("string", 'can(regex("^[a-z]+$", var.x))', {"pattern": "^[a-z]+$"}),
    ("string", 'length(regexall("^[a-z]", var.x)) > 0', {"pattern": "^[a-z]"}),
    ("string", 'var.x == "" || can(regex("^a", var.x))', {"pattern": "^$|(?:^a)"}),
    ("string", 'startswith(var.x, "a.b")', {"pattern": r"^a\.b"}),
    ("string", 'endswith(var.x, "-db")', {"pattern": "-db$"}),
    (
        "string",
        'can(regex("^a", var.x)) && can(regex("b$", var.x))',
        {"pattern": "^a", "allOf": [{"pattern": "b$"}]},
    ),
    (
        "list(string)",
        'alltrue([for each in var.x : contains(["a"], each)])',
        {"items": {"type": "string", "enum": ["a"]}},
    ),
    (
        "map(number)",
        'alltrue([for k, v in var.x : v > 0 && can(regex("^[a-z]", k))])',
        {
            "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
            "propertyNames": {"pattern": "^[a-z]"},
        },
    ),
    (
        "object({ days = optional(number, 7) })",
        "var.x.days >= 1",
        {"properties": {"days": {"type": "number", "default": 7, "minimum": 1}}},
    ),
    (
        "list(object({ port = number }))",
        "alltrue([for each in var.x : each.port < 65536])",
        {
            "items": {
                "type": "object",
                "properties": {"port": {"type": "number", "exclusiveMaximum": 65536}},
                "required": ["port"],
            }
        },
    ),
]


@pytest.mark.parametrize(("constraint", "condition", "keywords"), RULES)
def test_a_rule_that_json_schema_can_say_is_translated(
    tmp_path: Path, constraint: str, condition: str, keywords: JsonObject
) -> None:
    plain, _ = describe(tmp_path, f"type = {constraint}")
    rule = f'validation {{\ncondition = {condition}\nerror_message = "No."\n}}'
    assert describe(tmp_path, f"type = {constraint}\n{rule}") == ({**plain, **keywords}, [])


@pytest.mark.parametrize(
    ("constraint", "condition"),
    [
        ("string", "var.x != var.y"),
        ("string", 'var.x == "a" || length(var.x) > 3'),
        ("string", "can(cidrhost(var.x, 0))"),
        ("string", 'can(regex("(?i)^a", var.x))'),
        ("string", "contains([1, 2], var.x)"),
        ("string", "trimspace(var.x) == var.x"),
        ("number", "var.x == 1 ? true : false"),
        ("any", "length(var.x) > 1"),
        ("list(string)", "alltrue([for i, v in var.x : i < 3])"),
        ("list(string)", 'alltrue(var.x[*] == "a")'),
        ("string", "var.x =="),
    ],
)
def test_a_rule_that_it_cannot_say_keeps_its_words_and_adds_nothing(
    tmp_path: Path, constraint: str, condition: str
) -> None:
    plain, _ = describe(tmp_path, f"type = {constraint}")
    rule = f'validation {{\ncondition = ({condition})\nerror_message = "No."\n}}'
    if condition.endswith("=="):
        rule = rule.replace(f"({condition})", "var.x")
    assert describe(tmp_path, f"type = {constraint}\n{rule}") == (plain, ["No."])


def test_several_rules_add_up_and_the_narrower_bound_counts(tmp_path: Path) -> None:
    rules = "".join(
        f'validation {{\ncondition = {each}\nerror_message = "No."\n}}\n'
        for each in ("var.x >= 1", "var.x >= 5", "var.x > 0 && can(f(var.x))")
    )
    schema, untold = describe(tmp_path, f"type = number\n{rules}")
    assert (schema, untold) == ({"type": "number", "minimum": 5}, ["No."])


def test_rules_are_read_from_json_too(tmp_path: Path) -> None:
    text = (
        '{"variable": {"x": {"type": "number", "validation":'
        ' {"condition": "${var.x > 3}", "error_message": "No."}}}}'
    )
    schema, untold = describe(tmp_path, text, file="main.tf.json")
    assert (schema, untold) == ({"type": "number", "exclusiveMinimum": 3}, [])


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        (r"^\w+\-x$", r"^\w+-x$"),
        (r"^[\w\-.]+$", r"^[\w\-.]+$"),
        (r"^\S+$", r"^[^\t\n\f\r ]+$"),
        (r"[\s,]", "[\\t\\n\\f\\r ,]"),
        (r"^a{2,3}}$", r"^a{2,3}\}$"),
        (r"a]b", r"a\]b"),
        (r"(?:a|b)\_", "(?:a|b)_"),
    ],
)
def test_a_pattern_means_the_same_to_both(pattern: str, other: str) -> None:
    assert translate_pattern(pattern) == other


@pytest.mark.parametrize("pattern", [r"(?i)a", r"\Aa\z", r"\p{L}", "[[:alpha:]]", r"[^\S]"])
def test_a_pattern_of_the_engine_s_own_is_not_guessed(pattern: str) -> None:
    with pytest.raises(UntranslatableError):
        translate_pattern(pattern)

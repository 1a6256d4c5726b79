"""Numbers keep every digit; what is not JSON is refused with its place."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor import json_text
from purveyor.json_text import JsonTextError, JsonValue

_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
_VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | _DECIMALS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_what_is_written_is_read_back_the_same(value: JsonValue) -> None:
    assert json_text.parse(json_text.write(value)) == value


@pytest.mark.parametrize(
    "number", ["0.1", "1.10", "1E+400", "123456789012345678901234567890.123456789", "-0.0", "7"]
)
def test_a_number_keeps_every_digit(number: str) -> None:
    assert json_text.write(json_text.parse(f"[{number}]")) == f"[{number}]"


def test_an_integer_is_no_decimal() -> None:
    value = json_text.parse("[1, 1.0]")
    assert isinstance(value, list)
    assert [type(each) for each in value] == [int, Decimal]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value"),
        ("{'a': 1}", "Expecting property name"),
        ("[1,]", "trailing comma"),
        ('{"a": 1} x', "Extra data"),
        ("0123", "Extra data"),
        ('"a\tb"', "Invalid control character"),
        ("NaN", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        ("1e99999999999999999999", "exponent is out of range"),
        ("9" * 5000, "too many digits"),
        ("[" * 100_000, "deeper than 64 levels"),
        ('{"a":' * 65 + "1" + "}" * 65, "deeper than 64 levels"),
    ],
)
def test_what_is_not_json_is_refused(text: str, problem: str) -> None:
    with pytest.raises(JsonTextError, match=problem) as caught:
        json_text.parse(text)
    assert "%" not in caught.value.problem


def test_a_fault_knows_its_line_and_column() -> None:
    with pytest.raises(JsonTextError) as caught:
        json_text.parse('{\n  "a": 1,\n  "b": }')
    assert (caught.value.line, caught.value.column) == (3, 8)


@pytest.mark.parametrize("depth", [1, 3])
def test_exactly_the_allowed_depth_is_read(depth: int) -> None:
    assert json_text.parse("[" * depth + "]" * depth, max_depth=depth) is not None
    with pytest.raises(JsonTextError, match=f"deeper than {depth} levels"):
        json_text.parse("[" * (depth + 1) + "]" * (depth + 1), max_depth=depth)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_json_cannot_say_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text.write(value)


def test_text_is_written_in_ascii() -> None:
    assert json_text.write("é\u2028") == '"\\u00e9\\u2028"'


def test_differences_are_told_by_path_and_an_object_s_order_is_none() -> None:
    now: json_text.JsonObject = {"a": [{"x": 1, "y": 2}], "b": {"c": None}, "z": 1}
    assert json_text.list_differences(now, {"a": [{"y": 2, "x": 1}], "b": {}}) == []
    wanted: json_text.JsonObject = {"a": [], "b": {"c": "d"}}
    rows = [("a", '[{"x": 1, "y": 2}]', "[]"), ("b.c", "-", "d")]
    assert json_text.list_differences(now, wanted) == rows

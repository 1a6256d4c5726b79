"""Where a value does not fit its type: the path, what was given, what is accepted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor import json_text
from purveyor.declaration import Attribute, Collection, Object, Primitive, Tuple
from purveyor.parameters import find_converted, find_type_faults

if TYPE_CHECKING:
    from purveyor.declaration import TypeConstraint
    from purveyor.json_text import JsonValue

STRING, NUMBER, BOOL, ANY = (Primitive(name) for name in ("string", "number", "bool", "any"))
RULE = Object({"port": Attribute(NUMBER), "note": Attribute(STRING, optional=True)})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(-(10**9), 10**9, places=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def collection(name: str, element: TypeConstraint) -> Collection:
    return Collection(name, element)


@pytest.mark.parametrize(
    ("value", "constraint"),
    [
        ("", STRING),
        ("1e3", STRING),
        (0, NUMBER),
        (Decimal("1E+400"), NUMBER),
        (10**150 + 1, NUMBER),
        (Decimal("0.1234567890123456789012345678901234567890"), NUMBER),
        (1.5, NUMBER),
        (False, BOOL),
        ({"a": [1, "b", {"c": None}]}, ANY),
        ([], collection("list", STRING)),
        ([1, 1], collection("list", NUMBER)),
        (["a", None], collection("set", STRING)),
        ([1, True, "1"], Tuple((NUMBER, BOOL, STRING))),
        ({"a": 1, "b c": 2}, collection("map", NUMBER)),
        ({"port": 1}, RULE),
        ({"port": None, "note": None}, RULE),
        ({"e\u0301": 1}, Object({"é": Attribute(NUMBER)})),
        ([{"a": 1}, {"b": 2}], collection("list", ANY)),
    ],
)
def test_what_fits_has_no_fault(value: JsonValue, constraint: TypeConstraint) -> None:
    assert find_type_faults(value, constraint, "x") == []
    assert find_converted(value, constraint, "x") == []


def test_inside_a_value_a_number_and_a_boolean_may_become_text() -> None:
    value: JsonValue = {"enabled": True, "days": 7, "name": "a"}
    assert find_type_faults(value, collection("map", STRING), "x") == []
    assert find_converted(value, collection("map", STRING), "x") == ["x.enabled", "x.days"]
    (fault,) = find_type_faults({"a": ["b"]}, collection("map", STRING), "x")
    assert fault == "x.a: given a list of 1 item; accepts a string"


@pytest.mark.parametrize(
    ("value", "constraint", "faults"),
    [
        ("1e3", NUMBER, ['x: given the string "1e3"; accepts a number']),
        (5, STRING, ["x: given the number 5; accepts a string"]),
        (True, STRING, ["x: given true; accepts a string"]),
        (True, NUMBER, ["x: given true; accepts a number"]),
        (1, BOOL, ["x: given the number 1; accepts true or false"]),
        ("true", BOOL, ['x: given the string "true"; accepts true or false']),
        ("a", collection("list", STRING), ['x: given the string "a"; accepts a list']),
        ([], collection("map", STRING), ["x: given a list of 0 items; accepts an object"]),
        ({"a": 1}, collection("set", STRING), ["x: given an object of 1 key; accepts a list"]),
        ([1], Tuple((NUMBER, BOOL)), ["x: given a list of 1 item; accepts a list of 2 items"]),
        ([], RULE, ["x: given a list of 0 items; accepts an object with port, note"]),
        ("a" * 61, NUMBER, ["x: given a string of 61 characters; accepts a number"]),
        (
            '\x1b[J\u202e"\n',
            BOOL,
            ['x: given the string "\\u001b[J\\u202e\\"\\u000a"; accepts true or false'],
        ),
        (
            [{"port": 1}, {"port": "80", "nota": ""}, {}],
            collection("list", RULE),
            [
                "x[1].nota: is not declared; x[1] accepts an object with port, note",
                'x[1].port: given the string "80"; accepts a number',
                "x[2].port: is missing; accepts a number",
            ],
        ),
        (
            {"a b": "c", "": 1},
            collection("map", NUMBER),
            ['x["a b"]: given the string "c"; accepts a number'],
        ),
        (
            ["a", "b", "a", {"k": 1}, {"k": Decimal("1.0")}],
            collection("set", ANY),
            [
                "x: given items of the types object, string; accepts items of one type",
                "x[2]: given the same as x[0]; accepts distinct items",
                "x[4]: given the same as x[3]; accepts distinct items",
            ],
        ),
        (
            ["é", "e\u0301"],
            collection("set", STRING),
            ["x[1]: given the same as x[0]; accepts distinct items"],
        ),
        (
            {"é": 1, "e\u0301": 2},
            collection("map", NUMBER),
            ["x: given one key in two spellings; accepts distinct keys"],
        ),
        ("\ud800", STRING, ["x: given a string with half a character; accepts Unicode"]),
        ({"\ud800": 1}, ANY, ["x: given a key with half a character; accepts Unicode"]),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(
    value: JsonValue, constraint: TypeConstraint, faults: list[str]
) -> None:
    assert find_type_faults(value, constraint, "x") == faults


@pytest.mark.parametrize(
    "value",
    [10**155, -(10**5000), Decimal("1E+1001"), Decimal("1E-1001"), Decimal("NaN"), float("inf"),
     Decimal("0." + "1" * 155)],
    ids=["digits", "thousands", "large", "small", "nan", "infinite", "fraction"],
)  # fmt: skip
@pytest.mark.parametrize("constraint", [NUMBER, ANY])
def test_a_number_that_no_engine_holds_is_refused(
    value: JsonValue, constraint: TypeConstraint
) -> None:
    (fault,) = find_type_faults(value, constraint, "x")
    assert fault.startswith("x: given a number out of bounds; accepts at most 154 digits")
    assert find_type_faults(value, STRING, "x") != []


@pytest.mark.parametrize(
    ("value", "constraint"),
    [
        ("hunter2", NUMBER),
        (["hunter2"], collection("list", NUMBER)),
        ({"hunter2": "hunter2"}, collection("map", NUMBER)),
        ({"hunter2": 1, "port": "hunter2"}, RULE),
        ([["hunter2"], ["hunter2"]], collection("set", collection("list", BOOL))),
        ({"hunter2": {"hunter2": "\ud800"}}, ANY),
        (271828, STRING),
    ],
)
def test_a_secret_shows_neither_values_nor_keys(
    value: JsonValue, constraint: TypeConstraint
) -> None:
    faults = find_type_faults(value, constraint, "x", secret=True)
    assert faults
    assert "hunter2" not in "".join(faults)
    assert "271828" not in "".join(faults)


@given(value=JSON)
def test_any_accepts_every_json_value_of_plain_text(value: JsonValue) -> None:
    faults = find_type_faults(value, ANY, "x")
    assert all("spellings" in fault or "out of bounds" in fault for fault in faults)


@given(value=JSON)
def test_faults_are_short_lines_of_printable_text(value: JsonValue) -> None:
    for constraint in (STRING, NUMBER, RULE, collection("map", STRING), collection("set", NUMBER)):
        for fault in find_type_faults(value, constraint, "x"):
            assert fault.isprintable()
            assert len(fault) < 400


@given(text=st.text())
def test_a_string_reaches_the_variables_file_unchanged(text: str) -> None:
    if not find_type_faults(text, STRING, "x"):
        assert json_text.parse(json_text.write({"x": text})) == {"x": text}

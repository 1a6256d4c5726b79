"""Text that is no CONTEXT is refused with the place, the line and a likely cause."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor import json_text
from purveyor.errors import ContextError
from purveyor.notification import ContextSource, parse_notification, read_action

CONTEXTS = Path(__file__).parents[1] / "fixtures" / "contexts"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)
field_names = st.sampled_from(
    ["notification", "id", "type", "service", "link", "parameters", "specification", "tags",
     "attributes", "dimensions", "slug", "user", "created_by"]
)  # fmt: skip
look_alikes = st.recursive(
    json_values | st.sampled_from(["create", "custom", "a-1"]),
    lambda inner: st.dictionaries(field_names, inner, max_size=8),
    max_leaves=30,
)


def parse(text: str) -> object:
    return parse_notification(ContextSource(text, "the test"))


def refusal(text: str) -> ContextError:
    with pytest.raises(ContextError) as caught:
        parse(text)
    return caught.value


def test_the_vendors_sample_shows_line_column_and_a_caret() -> None:
    error = refusal((CONTEXTS / "vendor-sample-broken.txt").read_text())
    assert "line 9" in error.message
    line, caret = error.details
    assert line.strip() in {'"size": "small",', "}"}
    assert caret.strip() == "^"


def test_a_missing_comma_points_at_the_next_key() -> None:
    error = refusal('{\n  "a": 1\n  "b": 2\n}')
    assert "line 3 column 3" in error.message
    assert error.details == ('  "b": 2', "  ^")


def test_a_long_line_is_cut_around_the_fault() -> None:
    error = refusal('{"a": "' + "x" * 60_000 + '", }')
    line, caret = error.details
    assert len(line) < 80
    assert line[len(caret) - 1] in "},"


def test_a_password_on_the_faulty_line_is_not_shown() -> None:
    error = refusal('{"password": "hunter2-hunter2", "a": tru}')
    assert "hunter2" not in "".join(error.details)
    assert error.details[0][len(error.details[1]) - 1] == "t"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("$(CONTEXT)", "Azure left the variable unreplaced"),
        ("{id: 5}", "keys have no quotes"),
        ("{'id': 5}", "single quotes"),
        ('{\\"id\\": 5}', "escaped"),
    ],
)
def test_a_text_that_a_ci_has_damaged_gets_its_cause(text: str, cause: str) -> None:
    assert cause in refusal(text).hint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("[1]", "a list, not an object"),
        ("5", "a number, not an object"),
        ("null", "null, not an object"),
        ('{"notification": "x"}', "`notification` is a string"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ("[" * 100_000, "nested deeper"),
        ('{"a": ' * 70 + "1" + "}" * 70, "nested deeper"),
        ('{"a": NaN}', "not a JSON number"),
        ('{"a": 1e999999999999999999999}', "not usable JSON"),
    ],
)
def test_what_is_no_notification_is_refused(text: str, problem: str) -> None:
    assert problem in refusal(text).message


@settings(max_examples=300, deadline=None)
@given(value=json_values | look_alikes)
def test_no_json_value_ends_in_anything_but_an_action_or_a_refusal(value: object) -> None:
    with contextlib.suppress(ContextError):
        read_action(parse_notification(ContextSource(json_text.write(value), "the test")))


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_ends_in_anything_but_an_object_or_a_refusal(text: str) -> None:
    with contextlib.suppress(ContextError):
        parse(text)


def test_a_file_that_was_no_json_is_not_shown() -> None:
    assert refusal("AKIAIOSFODNN7EXAMPLE").details == ()

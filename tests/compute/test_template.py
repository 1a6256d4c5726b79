"""Templates of computed values: what they give, what they refuse, and what bounds them."""

from __future__ import annotations

import resource
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.compute import ComputeError, Template

if TYPE_CHECKING:
    from purveyor.json_text import JsonValue

_UUID = "0c5b7e2e-1f9c-4a52-9a7d-111122223333"
VALUES: dict[str, JsonValue] = {
    "service": {"id": _UUID, "slug": "orders", "name": "Ünser Bücket  No. 1"},
    "link": {"id": _UUID, "slug": "orders-reader"},
    "parameters": {
        "suffix": "assets",
        "size": 30,
        "ratio": Decimal("1.10"),
        "kind": "fifo",
        "unset": None,
        "zones": "a, b,,c ",
        "items": ["x", "y"],
        "text": "12",
        "map": {"a b": 1},
        "on": True,
    },
    "account": {"name": "main", "region": "us-east-1", "role_arn": None, "variables": {}},
}
UNHURRIED = settings(deadline=None)  # a busy machine takes its time
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def evaluate(source: str, **more: JsonValue) -> JsonValue:
    return Template(source).evaluate({**VALUES, **more})


def refused(source: str, **more: JsonValue) -> str:
    with pytest.raises(ComputeError) as caught:
        evaluate(source, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("np-{{ service.name | slug(10) }}-{{ parameters.suffix }}", "np-unser-buck-assets"),
        ("{{ service.id }}", _UUID),
        ("{{ parameters.size * 1024 }}", 30720),
        ("{{ parameters.size / 4 }}", Decimal("7.5")),
        ("{{ parameters.size / 3 }}", 10),
        ("{{ parameters.size // 4 + parameters.size % 4 - 1 }}", 8),
        ("{{ parameters.ratio * 2 == 2.2 }}", True),
        ("{{ -parameters.ratio }}", Decimal("-1.10")),
        ("{{ parameters.kind == 'fifo' }}", True),
        ("{{ parameters.zones | split }}", ["a", "b", "c"]),
        ("{{ (link.id | replace('-', ''))[:16] }}", "0c5b7e2e1f9c4a52"),
        ("{{ account.region }}", "us-east-1"),
        ("{{ parameters.items }}", ["x", "y"]),
        ("{{ parameters.items[-1] }}{{ parameters.map['a b'] }}{{ parameters.on }}", "y1true"),
        ("{{ parameters.items + ['z'] }}", ["x", "y", "z"]),
        ("{{ parameters.kind + '!' }}", "fifo!"),
        ("{{ parameters.nowhere.at.all | default(5) }}", 5),
        ("{{ parameters.unset | default('none') }}", "none"),
        ("{{ parameters.unset }}", None),
        ("{{ parameters.text | int * 2 }}", 24),
        ("{{ service.slug | hash(16) }}", "1c168adb00d208e4"),
        ("{{ 'LOUD' | lower }}{{ 'low' | upper }} {{ 1.50 }}", "loudLOW 1.5"),
        ("{{ 'big' if parameters.size >= 30 and parameters.on else 'small' }}", "big"),
        ("{{ parameters.nowhere is defined or not parameters.on }}", False),
        (
            "{{ {'a': [parameters.size, (1, 2)], 'b': 1.5} }}",
            {"a": [30, [1, 2]], "b": Decimal("1.5")},
        ),
        ("{{ 'b' in parameters.zones }}", True),
        ("  {{ parameters.size }}  ", 30),
        ("plain", "plain"),
        ("{# a comment #}{{ parameters.size }}", 30),
        ("{% raw %}{{ {% endraw %}{{ 1 }}", "{{ 1"),
        ("", ""),
    ],
)
def test_a_template_gives(source: str, value: JsonValue) -> None:
    found = evaluate(source)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ parameters.sufix }}", "character 1: parameters.sufix is missing"),
        ("np-{{ parameters.a.b }}", "character 4: parameters.a is missing"),
        ("{{ parameters.kind * 2 }}", "arithmetic takes numbers; parameters.kind is a string of 4"),
        ("{{ parameters.size < 'x' }}", "this cannot be worked out; parameters.size is a number"),
        ("{{ parameters.size / 0 }}", "this cannot be worked out; parameters.size is a number"),
        ("{{ parameters.size + 'x' }}", "arithmetic takes numbers"),
        ("{{ parameters.items | slug }}", "`slug` takes text; parameters.items is a list of 2"),
        ("{{ 'a' | slug(99) }}", "`slug` takes a whole number from 1 to 63"),
        ("{{ '…' | slug }}", "`slug` finds no letter and no digit"),
        ("{{ 'a' | hash(0) }}", "`hash` takes a whole number from 1 to 64"),
        ("{{ parameters.kind | int }}", "`int` takes a whole number"),
        ("a{{ parameters.items }}", "has to be text, a number, true or false"),
        ("a{{ parameters.unset }}", "has to be text, a number, true or false"),
        ("{{ {1: 2} }}", "an object's keys are text"),
        ("{{ parameters[parameters.kind] }}", "what it reads is missing; parameters.kind is a"),
    ],
)
def test_a_fault_names_the_place_and_the_shapes(source: str, problem: str) -> None:
    assert problem in refused(source)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ foo }}", "there is no 'foo'; there is service, link, action"),
        ("{{ servce.id }}", "did you mean 'service'?"),
        ("a {{ service.nme }}", "character 3: there is no 'nme'; did you mean 'name'?"),
        ("{{ service['nme'] }}", "there is no 'nme'"),
        ("{{ link.specification.slgu }}", "did you mean 'slug'?"),
        ("{{ 'a' | sluf }}", "there is no filter 'sluf'; did you mean 'slug'?"),
        ("{{ 'a' is stringy }}", "there is no test 'stringy'; did you mean 'string'?"),
        ("{{", "unexpected 'end of template'"),
        ("{{ 1 if parameters.size > 99 }}", "an `if` needs an `else`"),
        ("{{ 1 + }}", "unexpected 'end of print statement'"),
        ("{{ '1' | _number }}", "there is no filter '_number'"),
        ("{{ 1 ~ 2 }}", "no statement, no call"),
        *(
            (source, "no statement, no call")
            for source in (
                "{% for x in parameters %}{% endfor %}",
                "{% set x = 1 %}",
                "{% include 'x' %}",
                "{% macro m() %}{% endmacro %}",
                "{{ range(9) }}",
                "{{ ''.format(1) }}",
                "{{ 2 ** 9 }}",
                "{{ 'a' | default(other=1) }}",
            )
        ),
    ],
)
def test_what_is_wrong_with_a_template_is_said_before_it_runs(source: str, problem: str) -> None:
    with pytest.raises(ComputeError) as caught:
        Template(source)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ parameters.__init__.__globals__ }}",
        "{{ parameters['__class__'] }}",
        "{{ parameters.keys }}",
        "{{ service.id.upper }}",
    ],
)
def test_no_attribute_of_an_object_is_reached(source: str) -> None:
    assert "missing" in refused(source)


HUGE = "x" * (1 << 19)
HOSTILE = [
    "{{ 'a' * 999999999 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ parameters.huge | replace('x', parameters.huge) }}",
    "{{ parameters.huge }}-{{ parameters.huge }}-{{ parameters.huge }}",
    "{{ parameters.huge + parameters.huge + parameters.huge }}",
    "{{ [" + "parameters.huge," * 100 + "] }}",
    "{{ (" + "parameters.huge," * 100 + ") }}",
    "{{ parameters.huge }}" * 90,
    "{{ parameters.number * parameters.number * parameters.number }}",
    "{{ parameters.wide + 1 }}",
    "{{ parameters.wide | int }}",
    "{{ a" + "[" * 900 + "1" + "]" * 900 + " }}",
    "{{" + "(" * 900 + "1" + ")" * 900 + "}}",
    "{{ 1" + "+1" * 990 + " }}",
    "{{ " + "not " * 480 + "1 }}",
    "x" * 2001,
]


@pytest.mark.parametrize("source", HOSTILE)
def test_a_hostile_template_ends_soon_and_small(source: str) -> None:
    values: dict[str, JsonValue] = {
        "huge": HUGE,
        "number": 10**150,
        "wide": Decimal("1e999999999"),
    }
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    refused(source, parameters=values)
    assert time.process_time() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@UNHURRIED
@given(_JSON)
def test_an_expression_keeps_every_value_as_it_is(value: JsonValue) -> None:
    found = evaluate("{{ parameters.v }}", parameters={"v": value})
    assert found == value
    assert type(found) is type(value)


def give_or_refuse(source: str) -> str:
    try:
        Template(source).evaluate(VALUES)
    except ComputeError as error:
        return str(error)
    return "character 1"


@UNHURRIED
@given(st.text(max_size=200))
def test_any_text_is_a_template_or_refused_with_a_place(source: str) -> None:
    assert give_or_refuse(source).startswith("character ")


@UNHURRIED
@given(st.text(alphabet="{}%#()[]|.,+-*/~ '\"abservicparmt0123=<>:", max_size=80))
def test_what_looks_like_a_template_is_one_or_refused(source: str) -> None:
    assert give_or_refuse("{{" + source + "}}").startswith("character ")


@UNHURRIED
@given(
    st.text(min_size=8, alphabet="qwzjkQWZJK#9", max_size=40).map("q".__add__), st.integers(0, 9)
)
def test_no_fault_shows_a_value(secret: str, way: int) -> None:
    sources = [
        *("{{ parameters.s * 2 }}", "{{ parameters.s | int }}", "{{ parameters.s < 1 }}"),
        *("{{ parameters[parameters.s] }}", "{{ service[parameters.s] }}", "{{ -parameters.s }}"),
        *("{{ parameters.s / 0 }}", "{{ [parameters.s] | slug }}", "{{ parameters.s | slug(0) }}"),
        "a{{ [parameters.s] }}",
    ]
    assert secret not in refused(sources[way], parameters={"s": secret})


@UNHURRIED
@given(st.text(max_size=60), st.integers(1, 63))
def test_a_slug_is_short_and_plain(text: str, longest: int) -> None:
    try:
        found = evaluate(f"{{{{ parameters.t | slug({longest}) }}}}", parameters={"t": text})
    except ComputeError:
        return
    assert isinstance(found, str)
    assert 1 <= len(found) <= longest
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert found.strip("-") == found


def test_a_template_tells_what_it_reads() -> None:
    first, second = "{{ parameters.a.b + parameters['c d'] }}", "{{ parameters[tags.x] }}"
    assert Template(f"{first}{second}{{{{ steps.s.outputs.o | default(1) }}}}").uses == {
        ("parameters", "a", "b"),
        ("parameters", "c d"),
        ("parameters",),
        ("tags", "x"),
        ("steps", "s", "outputs", "o"),
    }

"""The most specific account wins; ties are found before they happen."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.catalog.accounts import choose_matches, find_ties, show_match

NAMES = ("environment", "country", "tier")
VALUES = ("a", "b")
matches = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3), max_size=6
)


@pytest.mark.parametrize(
    ("dimensions", "chosen"),
    [
        ({}, [0]),
        ({"environment": "dev"}, [0]),
        ({"environment": "prod"}, [1]),
        ({"environment": "prod", "country": "us"}, [2]),
        ({"country": "us"}, [0]),
        ({"environment": "prod", "country": "us", "tier": "gold"}, [2]),
    ],
)
def test_the_match_with_most_dimensions_wins(dimensions: dict[str, str], chosen: list[int]) -> None:
    accounts = [{}, {"environment": "prod"}, {"environment": "prod", "country": "us"}]
    assert choose_matches(accounts, dimensions) == chosen


def test_nothing_is_chosen_when_nothing_applies() -> None:
    assert choose_matches([{"environment": "prod"}], {"environment": "dev"}) == []


@given(matches)
def test_a_tie_is_found_exactly_when_some_dimensions_lead_to_it(
    accounts: list[dict[str, str]],
) -> None:
    met = {
        tuple(pair)
        for values in product((*VALUES, None), repeat=len(NAMES))
        for chosen in [
            choose_matches(
                accounts, {n: v for n, v in zip(NAMES, values, strict=True) if v is not None}
            )
        ]
        for pair in product(chosen, repeat=2)
        if pair[0] < pair[1]
    }
    assert set(find_ties(accounts)) == met


def test_a_match_is_shown_in_one_order() -> None:
    assert show_match({"b": "2", "a": "1"}) == "a=1, b=2"
    assert show_match({}) == "anything"

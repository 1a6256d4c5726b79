"""Chooses an account by dimensions: the most specific match wins, and a tie is an error."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def choose_matches(
    matches: Sequence[Mapping[str, str]], dimensions: Mapping[str, str]
) -> list[int]:
    """Return the numbers of the matches that apply and name most dimensions; several are a tie."""
    applying = [
        number
        for number, match in enumerate(matches)
        if all(dimensions.get(name) == value for name, value in match.items())
    ]
    most = max((len(matches[number]) for number in applying), default=0)
    return [number for number in applying if len(matches[number]) == most]


def find_ties(matches: Sequence[Mapping[str, str]]) -> list[tuple[int, int]]:
    """Return the pairs that tie for some dimensions.

    Two that name equally many dimensions tie when no value contradicts, unless a more specific
    one applies wherever both do.
    """
    return [
        (first, second)
        for (first, one), (second, other) in combinations(enumerate(matches), 2)
        if len(one) == len(other)
        and all(other.get(name, value) == value for name, value in one.items())
        and not _is_covered({**one, **other}, matches, above=len(one))
    ]


def show_match(match: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(match.items())) or "anything"


def _is_covered(
    both: Mapping[str, str], matches: Sequence[Mapping[str, str]], *, above: int
) -> bool:
    return any(len(match) > above and match.items() <= both.items() for match in matches)

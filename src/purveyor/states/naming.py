"""Which one of many a person means: by its id, by its slug, or by the begin of its id."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from os.path import commonprefix
from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORT = 8  # letters that are shown at least
_LEAST = 4  # letters that are taken at least: fewer are more likely a slip
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Named:
    """An entity, or another thing with an id, by its parts."""

    kind: str
    id: str
    slug: str = ""


def shorten(ids: Iterable[str]) -> dict[str, str]:
    """Return for each id the shortest begin, of eight letters or more, that no other one has."""
    ordered = ["", *sorted(set(ids)), ""]
    shared = [len(commonprefix(pair)) for pair in itertools.pairwise(ordered)]  # noqa: RUF071 - letters are what is meant
    needed = zip(ordered[1:], shared, shared[1:], strict=False)
    return {each: each[: max(_SHORT, before + 1, after + 1)] for each, before, after in needed}


def is_meant(words: str, thing: Named) -> bool:
    """Tell whether the words are a thing's id, its slug, or the begin of its id."""
    begins = len(words) >= _LEAST and thing.id.startswith(words)
    return begins or words in (thing.id, thing.slug)


def choose(words: str, known: Iterable[Named]) -> Named | None:
    """Return the one that is meant; None where nothing is.

    A whole id wins over a slug, and that over the begin of an id. Raise RecoveryError
    STATE_AMBIGUOUS, which names the candidates, for words that mean several.
    """
    meant = [each for each in known if is_meant(words, each)]
    same = [each for each in meant if each.id == words]
    found = same or [each for each in meant if each.slug == words] or meant
    if len(found) <= 1:
        return found[0] if found else None
    raise RecoveryError(
        f"{words[:64]} may mean any of {len(found)}.",
        reason=ReasonCode.STATE_AMBIGUOUS,
        hint="Give more of the id of the one that is meant, or say whose it is with --kind.",
        details=sorted(f"{each.kind} {each.id} {each.slug}".rstrip() for each in found)[:_SHOWN],
    )

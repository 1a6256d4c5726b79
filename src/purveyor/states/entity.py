"""Whose state is meant: an id or a key from the command line, found in a backend."""

from __future__ import annotations

import contextlib
import itertools
import re
from os.path import commonprefix
from typing import TYPE_CHECKING

from purveyor.backends.model import UnsupportedError
from purveyor.dataclass import dataclass
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key import ID, SUFFIX, StateKey, identity, leave_out_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from purveyor.backends import Backend

KINDS = ("service", "link")
_SHORT = 8  # letters that are shown at least
_LEAST = 4  # letters that are taken at least: fewer are more likely a slip
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Named:
    """An entity, or another thing with an id, by its parts."""

    kind: str
    id: str
    slug: str = ""


@dataclass(frozen=True, slots=True)
class StateTarget:
    """An entity, as far as its id tells, and where its state is; `kind` may be empty for a key."""

    kind: str
    id: str
    slug: str
    key: StateKey

    @property
    def stamp(self) -> str:
        """The identity that its state is stamped with; empty when it is not known."""
        return identity(self) if self.kind else ""


def find_target(words: str, backend: Backend, *, kinds: Sequence[str] = KINDS) -> StateTarget:
    """Return the entity that an id, the begin of one, a slug or a key names.

    Raise RecoveryError STATE_MISSING when none is meant, STATE_AMBIGUOUS when several are, such as
    a service and a link with one id. A key is taken as it is.
    """
    if is_key(words):
        kind, entity_id, slug = backend.keys.read(words) or ("", "", "")
        return StateTarget(kind, entity_id, slug, StateKey(words, exists=True))
    # A whole id is found everywhere, and at once; all else only where states can be listed.
    found = [Named(kind, words) for kind in kinds if re.fullmatch(ID, words)]
    found = [each for each in found if backend.locate(each).exists]
    named = choose(words, found or _list(backend, kinds))
    if named is None:
        raise RecoveryError(
            f"There is no state of a {' or '.join(kinds)} with the id or slug {words[:128]}.",
            reason=ReasonCode.STATE_MISSING,
            hint="`purveyor state list` shows all; a removed state is found by its whole key. What"
            " no module makes has no state: `purveyor journal list` tells of it.",
        )
    key = backend.locate(named)
    parts = backend.keys.read(key.path)
    return StateTarget(named.kind, named.id, parts[2] if parts else "", key)


def is_key(words: str) -> bool:
    return "/" in words or words.endswith(SUFFIX)


def _list(backend: Backend, kinds: Sequence[str]) -> Iterator[Named]:
    """Tell whose states there are, each once; none where the place cannot list."""
    with contextlib.suppress(UnsupportedError):
        listed = [each for each in backend.list() if each.kind in kinds]
        first = set(leave_out_steps([each.path for each in listed]))
        for each in listed:
            if each.path in first:
                yield Named(each.kind, each.entity_id, each.slug)


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

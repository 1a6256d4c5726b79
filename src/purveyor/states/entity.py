"""Whose state is meant: an id or a key from the command line, found in a backend."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.backends.model import UnsupportedError
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key import ID, SUFFIX, StateKey, identity
from purveyor.states.naming import Named, choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from purveyor.backends import Backend

__all__ = ["KINDS", "Named", "StateTarget", "find_target", "is_key"]

KINDS = ("service", "link")


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
            hint="`purveyor state list` shows all; a removed state is found by its whole key.",
        )
    key = backend.locate(named)
    parts = backend.keys.read(key.path)
    return StateTarget(named.kind, named.id, parts[2] if parts else "", key)


def is_key(words: str) -> bool:
    """Tell a key from an id."""
    return "/" in words or words.endswith(SUFFIX)


def _list(backend: Backend, kinds: Sequence[str]) -> Iterator[Named]:
    """Tell whose states there are; none where the place cannot list."""
    with contextlib.suppress(UnsupportedError):
        for each in backend.list():
            if each.kind in kinds:
                yield Named(each.kind, each.entity_id, each.slug)

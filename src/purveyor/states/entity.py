"""Whose state is meant: an id or a key from the command line, found in a backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key import SUFFIX, StateKey, identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.backends import Backend

KINDS = ("service", "link")


@dataclass(frozen=True, slots=True)
class Target:
    """An entity, as far as its id tells, and where its state is; `kind` may be empty for a key."""

    kind: str
    id: str
    slug: str
    key: StateKey

    @property
    def stamp(self) -> str:
        """The identity that its state is stamped with; empty when it is not known."""
        return identity(self) if self.kind else ""


@dataclass(frozen=True, slots=True)
class Named:
    """An entity by its parts."""

    kind: str
    id: str
    slug: str = ""


def find_target(words: str, backend: Backend, *, kinds: Sequence[str] = KINDS) -> Target:
    """Return the entity that an id or a key names.

    Raise RecoveryError STATE_MISSING when nothing lies under the id, STATE_AMBIGUOUS when a
    service and a link both have it. A key is taken as it is.
    """
    if is_key(words):
        kind, entity_id, slug = backend.keys.read(words) or ("", "", "")
        return Target(kind, entity_id, slug, StateKey(words, exists=True))
    found = [
        _target(kind, words, key, backend)
        for kind in kinds
        if (key := backend.locate(Named(kind, words))).exists
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise RecoveryError(
            "A service and a link have this id, each with a state of its own.",
            reason=ReasonCode.STATE_AMBIGUOUS,
            hint="Say which one with --kind, or give the key.",
            details=[each.key.path for each in found],
        )
    raise RecoveryError(
        f"There is no state of a {' or '.join(kinds)} with the id {words}.",
        reason=ReasonCode.STATE_MISSING,
        hint="`purveyor state list` shows all; a removed state is found by its whole key.",
    )


def is_key(words: str) -> bool:
    """Tell a key from an id."""
    return "/" in words or words.endswith(SUFFIX)


def _target(kind: str, entity_id: str, key: StateKey, backend: Backend) -> Target:
    parts = backend.keys.read(key.path)
    return Target(kind, entity_id, parts[2] if parts else "", key)

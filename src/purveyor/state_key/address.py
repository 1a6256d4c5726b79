"""The address of one state, and what of its owner goes into it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from purveyor.entity import EntityRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SUFFIX = ".tfstate"

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SLUG_LENGTH = 64


@dataclass(frozen=True, slots=True)
class StateKey:
    """Where one entity's state lives, below the backend's prefix.

    `path` ends in `.tfstate`. `exists` tells whether a state was found there when it was located;
    `moved`, whether a note lies beside it that it moves or has moved elsewhere.
    """

    path: str
    exists: bool
    moved: bool = False


class Owner(Protocol):
    """Who a state belongs to: the parts of an entity that make its key."""

    @property
    def kind(self) -> str:
        """`service` or `link`."""

    @property
    def id(self) -> str:
        """Unique among its kind."""

    @property
    def slug(self) -> str:
        """For people; may change, may hold anything."""


def identity(owner: Owner) -> str:
    """Return the stamp of a state; raise as `EntityRef.of`."""
    return EntityRef.of(owner).stamp


def safe_slug(owner: Owner) -> str:
    """Return what of a slug can stand in a path: ASCII letters, digits, `-` and `_`, at most 64."""
    plain = unicodedata.normalize("NFKD", owner.slug[: 4 * _SLUG_LENGTH])
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    slug = _UNSAFE.sub("-", ascii_only).strip("-")[:_SLUG_LENGTH].strip("-")
    return slug or owner.kind


def step_path(path: str, step: str) -> str:
    """Return the path of a further step's state, beside that of the first one's."""
    return f"{path.removesuffix(SUFFIX)}.{step}{SUFFIX}"


def leave_out_steps(paths: Collection[str], known: Iterable[str] | None = None) -> list[str]:
    """Return the paths that are no further step's of a `known` one, of the paths themselves."""
    stems = {path.removesuffix(SUFFIX) for path in (paths if known is None else known)}
    return [path for path in paths if path.removesuffix(SUFFIX).rpartition(".")[0] not in stems]

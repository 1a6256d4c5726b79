"""Which service or link is meant, in each spelling of its kind and id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from purveyor.errors import ContextError

if TYPE_CHECKING:
    from collections.abc import Sequence

ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
ENTITIES = "journal/entities"
_SAFE_ID = re.compile(ID)


class Identified(Protocol):
    """What has a kind, `service` or `link`, and an id that is unique among its kind."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...


@dataclass(frozen=True, slots=True, order=True)
class EntityRef:
    """A service or a link. As text it is what commands take: `service/5a1f`."""

    kind: str
    id: str

    @classmethod
    def of(cls, owner: Identified) -> Self:
        """Raise ContextError for an id that is not safe as one path part."""
        if not _SAFE_ID.fullmatch(owner.id):
            raise ContextError(
                f"The {owner.kind}'s id cannot be a part of a state's path ({len(owner.id)}"
                " characters given).",
                hint="Ids are letters, digits, dots, hyphens and underscores, at most 128.",
            )
        return cls(str(owner.kind), owner.id)

    @classmethod
    def from_path(cls, path: str) -> tuple[Self, Sequence[str]] | None:
        """Return whose journal a path lies in, and the names below its folder."""
        kind, *rest = path.removeprefix(f"{ENTITIES}/").split("/")
        return (cls(kind, rest[0]), rest[1:]) if rest else None

    @property
    def stamp(self) -> str:
        """What its state is stamped with, and what the state's key begins with."""
        return f"{self.kind}s/{self.id}"

    @property
    def journal_folder(self) -> str:
        return f"{ENTITIES}/{self.kind}/{self.id}"

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"

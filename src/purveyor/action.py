"""The frozen view of one requested action, which every later step reads."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonValue


class Kind(StrEnum):
    SERVICE = "service"
    LINK = "link"


class Operation(StrEnum):
    """What is to be done; from the notification's `type`, never from its `action` string."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CUSTOM = "custom"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"

    @property
    def shelves(self) -> bool:
        """True for what takes a thing out of use, or back into it, and keeps all that exists."""
        return self in {Operation.ARCHIVE, Operation.UNARCHIVE}

    @property
    def by_program(self) -> bool:
        """True for what no engine carries out."""
        return self is Operation.CUSTOM or self.shelves


@dataclass(frozen=True, slots=True)
class Specification:
    """A specification's identity; the slug picks the module."""

    id: str
    slug: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A service or a link as the notification shows it. `id` is safe as one path part."""

    kind: Kind
    id: str
    slug: str
    specification: Specification
    attributes: Mapping[str, JsonValue] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionContext:
    """One action to carry out.

    `id` is the action instance's id (the one the platform is told about), safe as one path part.
    `digest` is the SHA-256 (hex) of the canonical inner notification. `carriers` are what the
    platform put among the parameters for programs to hand on, by variable: `NP_TRACE`.
    """

    id: str
    slug: str = ""
    name: str = ""
    operation: Operation
    status: str = ""
    specification: Specification = Specification("", "")
    service: Entity
    link: Entity | None = None
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    entity_nrn: str | None = None
    requested_by: str | None = None
    digest: str = ""
    carriers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Link when the notification's `link` is an object, else service."""
        return Kind.SERVICE if self.link is None else Kind.LINK

    @property
    def entity(self) -> Entity:
        """The service or link that the action is about."""
        return self.service if self.link is None else self.link

    @property
    def dimensions(self) -> Mapping[str, str]:
        """The service's dimensions, overridden by the link's."""
        own = self.link.dimensions if self.link else {}
        return {**self.service.dimensions, **own}

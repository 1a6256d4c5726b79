"""What the emulated platform remembers: specifications, entities, actions and notifications."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor_emulator.refusal import object_in

if TYPE_CHECKING:
    from purveyor.action import Kind
    from purveyor.json_text import JsonObject

_NAMESPACE = uuid.UUID("6a0e6a5c-6f0e-5d0c-9d0e-7075727665f0")


def now() -> str:
    """Return the time in ISO 8601, UTC, milliseconds."""
    return _write(datetime.now(UTC))


def earlier(moment: str, seconds: float) -> str:
    """Return a time that is `seconds` before another."""
    return _write(datetime.fromisoformat(moment) - timedelta(seconds=seconds))


def _write(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ActionStatus(StrEnum):
    """The words for an action; `cancelled` is read only, no request may set it."""

    PENDING_CREATE = "pending_create"
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """True when nothing may follow."""
        return self in {ActionStatus.SUCCESS, ActionStatus.FAILED, ActionStatus.CANCELLED}


class EntityStatus(StrEnum):
    """The words for a service or a link."""

    PENDING_CREATE = "pending_create"
    PENDING = "pending"
    CREATING = "creating"
    UPDATING = "updating"
    DELETING = "deleting"
    ACTIVE = "active"
    DELETED = "deleted"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"


@dataclass(slots=True, eq=False)
class EmulatedSpecification:
    """The template of a service, of a link to services, or of an `action` of either."""

    kind: str
    id: str
    document: JsonObject  # as its `GET` shows it, without ids
    parent: EmulatedSpecification | None = None
    revision: int = 0  # of its newest snapshot
    is_default: bool = False  # an action that `use_default_actions` made

    @property
    def slug(self) -> str:
        return str(self.document["slug"])

    @property
    def operation(self) -> Operation:
        return Operation(str(self.document["type"]))

    @property
    def schema(self) -> JsonObject:
        return self.schema_of("attributes")

    def snapshot_id(self, revision: int) -> str:
        """Return the id of one of its snapshots."""
        return fixed_id(self.id, "snapshot", str(revision))

    def schema_of(self, name: str) -> JsonObject:
        """Return the schema of `attributes`, `parameters` or `results`."""
        return object_in(object_in(self.document, name), "schema")


@dataclass(slots=True)
class EmulatedEntity:
    """A service, or a link when `service_id` is set. `attributes` hold secrets in clear."""

    kind: Kind
    id: str
    slug: str
    name: str
    status: EntityStatus
    specification: EmulatedSpecification
    nrn: str
    service_id: str = ""
    attributes: JsonObject = field(default_factory=dict)
    dimensions: JsonObject = field(default_factory=dict)
    archived_at: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)

    def become(self, status: EntityStatus) -> None:
        """Take a status; an archived one knows since when."""
        if status is not self.status:
            self.archived_at = now() if status is EntityStatus.ARCHIVED else None
        self.status = status


@dataclass(slots=True)
class EmulatedAction:
    """One requested action. `messages` are `{level, message, timestamp}`, timestamp in ms.

    `before` is the entity's status when the action was requested.
    """

    id: str
    name: str
    slug: str
    specification: EmulatedSpecification
    entity: EmulatedEntity
    parameters: JsonObject
    before: EntityStatus
    status: ActionStatus = ActionStatus.PENDING
    results: JsonObject = field(default_factory=dict)
    messages: list[JsonObject] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(slots=True)
class Channel:
    """Where notifications go. `filters` is a MongoDB query over the inner notification."""

    id: int
    nrn: str
    type: str
    source: list[str]
    configuration: JsonObject
    filters: JsonObject
    description: str = ""
    status: str = "active"


@dataclass(slots=True)
class Notification:
    """One sent envelope; `deliveries` are `{channel_id, type, status, message}`."""

    id: str
    nrn: str
    envelope: JsonObject
    status: str = "pending"
    deliveries: list[JsonObject] = field(default_factory=list)


def new_id() -> str:
    """Return a fresh UUID."""
    return str(uuid.uuid4())


def fixed_id(*parts: str) -> str:
    """Return the same UUID for the same parts, so that specifications keep theirs."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def slug_of(name: str) -> str:
    """Return the slug that belongs to a name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"

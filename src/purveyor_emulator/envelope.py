"""The notification that the platform sends for one action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator import schema
from purveyor_emulator.records import new_id, now

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import EmulatedAction, EmulatedEntity
    from purveyor_emulator.store import PlatformStore

SOURCE = "service"
# Creating any action instance emits this one, whatever its type, for links too.
EVENT = "service:action:create"


def build_envelope(store: PlatformStore, action: EmulatedAction) -> JsonObject:
    """Return the envelope as channels get it; it stays, since records replace their values."""
    return sealed(_inner(store, action))


def sealed(inner: JsonObject) -> JsonObject:
    """Put an inner notification into a fresh envelope, as a resend does."""
    return {
        "id": new_id(),
        "source": SOURCE,
        "event": EVENT,
        "created_at": now(),
        "notification": inner,
    }


def _inner(store: PlatformStore, action: EmulatedAction) -> JsonObject:
    entity, specification = action.entity, action.specification
    is_link = entity.kind is Kind.LINK
    service = store.entity(Kind.SERVICE, entity.service_id) if is_link else entity
    user = store.seed.user
    return {
        "id": action.id,
        "name": action.name,
        "slug": action.slug,
        "action": EVENT,
        "type": specification.operation.value,
        "status": action.status.value,
        "created_at": action.created_at,
        "updated_at": action.updated_at,
        "created_by": str(user["id"]),
        "user": user,
        "parameters": action.parameters,
        "results": {},
        "specification": {"id": specification.id, "slug": specification.slug},
        "service": {**_entity(store, service), "type": "dependency"},
        "link": _entity(store, entity) if is_link else None,
        "tags": store.tags(entity.nrn),
        "entity_nrn": entity.nrn,
    }


def _entity(store: PlatformStore, entity: EmulatedEntity) -> JsonObject:
    specification = entity.specification
    attributes = schema.visible(specification.schema, entity.attributes)
    if not store.seed.clear_secrets:
        attributes = schema.without_secrets(specification.schema, attributes)
    return {
        "id": entity.id,
        "slug": entity.slug,
        "attributes": attributes,
        "specification": {"id": specification.id, "slug": specification.slug},
        "dimensions": entity.dimensions,
    }

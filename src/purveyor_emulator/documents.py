"""How records look in the platform's answers: secrets null, hidden attributes absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator import schema

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import (
        Channel,
        EmulatedAction,
        EmulatedEntity,
        EmulatedSpecification,
        Notification,
    )


def entity_document(entity: EmulatedEntity) -> JsonObject:
    """Return a service or a link as `GET /service/{id}` and `GET /link/{id}` show it."""
    shown: JsonObject = {
        "id": entity.id,
        "name": entity.name,
        "slug": entity.slug,
        "status": entity.status.value,
        "specification_id": entity.specification.id,
        "entity_nrn": entity.nrn,
        "attributes": schema.without_secrets(
            entity.specification.schema,
            schema.visible(entity.specification.schema, entity.attributes),
        ),
        "dimensions": dict(entity.dimensions),
        "archived_at": entity.archived_at,
        "created_at": entity.created_at,
        "updated_at": entity.updated_at,
    }
    if entity.kind is Kind.LINK:
        return {**shown, "service_id": entity.service_id}
    return {**shown, "type": "dependency"}


def action_document(action: EmulatedAction, *, messages: bool) -> JsonObject:
    """Return an action as its `GET` shows it; `messages` only when asked for."""
    specification = action.specification
    shown: JsonObject = {
        "id": action.id,
        "name": action.name,
        "slug": action.slug,
        "type": specification.operation.value,
        "status": action.status.value,
        "specification_id": specification.id,
        f"{action.entity.kind}_id": action.entity.id,
        "parameters": schema.without_secrets(
            specification.schema_of("parameters"), action.parameters
        ),
        "results": schema.without_secrets(specification.schema_of("results"), action.results),
        "created_at": action.created_at,
        "updated_at": action.updated_at,
    }
    return {**shown, "messages": [dict(each) for each in action.messages]} if messages else shown


def specification_document(specification: EmulatedSpecification) -> JsonObject:
    """Return a specification of a service, a link or an action."""
    shown: JsonObject = {"id": specification.id, **specification.document}
    shown["last_snapshot_id"] = specification.snapshot_id(specification.revision)
    if specification.parent is not None:
        of = f"{specification.parent.kind}_" if specification.kind == "action" else ""
        shown[f"{of}specification_id"] = specification.parent.id
    return shown


def channel_document(channel: Channel) -> JsonObject:
    """Return a notification channel."""
    return {
        "id": channel.id,
        "nrn": channel.nrn,
        "description": channel.description,
        "source": list(channel.source),
        "type": channel.type,
        "status": channel.status,
        "configuration": channel.configuration,
        "filters": channel.filters,
    }


def notification_document(notification: Notification) -> JsonObject:
    """Return a sent notification: its envelope, where it belongs and how its delivery went."""
    return {**notification.envelope, "nrn": notification.nrn, "status": notification.status}

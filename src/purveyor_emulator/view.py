"""What a user of the platform would now see, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator.api_kept import TRACES
from purveyor_emulator.documents import action_document, entity_document
from purveyor_emulator.schema import secret_names

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor_emulator.exchange import Platform
    from purveyor_emulator.records import EmulatedEntity


def build_view(platform: Platform) -> JsonObject:
    """Return services with their links, each with its actions; and what was sent to channels.

    Secrets are null; `secrets` names those of an entity that have a value.
    """
    services = [e for e in platform.store.entities.values() if e.kind is Kind.SERVICE]
    return {
        "services": [_service(platform, each) for each in services],
        "traces": [*platform.store.kept[TRACES].values()],
        "notifications": [
            {
                "id": each.id,
                "created_at": each.envelope["created_at"],
                "status": each.status,
                "results": list(each.deliveries),
            }
            for each in platform.notifications.sent.values()
        ],
        "faults": [each.document() for each in platform.faults.open()],
    }


def _service(platform: Platform, service: EmulatedEntity) -> JsonObject:
    links = [e for e in platform.store.entities.values() if e.service_id == service.id]
    return {**_entity(platform, service), "links": [_entity(platform, each) for each in links]}


def _entity(platform: Platform, entity: EmulatedEntity) -> JsonObject:
    secrets = secret_names(entity.specification.schema)
    return {
        **entity_document(entity),
        "specification": entity.specification.slug,
        "secrets": [n for n, v in entity.attributes.items() if n in secrets and v is not None],
        "actions": [
            action_document(each, messages=True)
            for each in platform.store.actions.values()
            if each.entity is entity
        ],
    }

"""The document that a program of the platform team's gets on its standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.action import ActionContext, Entity, Specification
    from purveyor.json_text import JsonObject, JsonValue


def build_document(
    context: ActionContext,
    *,
    outputs: Mapping[str, JsonValue],
    service_outputs: Mapping[str, JsonValue] | None = None,
    state_key: str = "",
) -> JsonObject:
    """Return what the program is told.

    `outputs` are those of the entity's own state, sensitive ones included: credentials are what
    custom actions are for. `service_outputs` are those of a link's service; for a service they
    are the same as `outputs`.
    """
    return {
        "version": 1,
        "action": {
            "id": context.id,
            "slug": context.slug,
            "name": context.name,
            "operation": context.operation.value,
            "specification": _tell_specification(context.specification),
        },
        "service": _tell_entity(context.service),
        "link": _tell_entity(context.link) if context.link else None,
        "dimensions": dict(context.dimensions),
        "tags": dict(context.tags),
        "parameters": dict(context.parameters),
        "outputs": dict(outputs),
        "service_outputs": dict(outputs if service_outputs is None else service_outputs),
        "state_key": state_key or None,
        "requested_by": context.requested_by,
    }


def _tell_specification(specification: Specification) -> JsonObject:
    return {"id": specification.id, "slug": specification.slug}


def _tell_entity(entity: Entity) -> JsonObject:
    return {
        "id": entity.id,
        "slug": entity.slug,
        "specification": _tell_specification(entity.specification),
        "attributes": dict(entity.attributes),
        "dimensions": dict(entity.dimensions),
    }

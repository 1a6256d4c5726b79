"""The life of an action: requested, reported on, ended, and what that does to its entity."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor_emulator import schema
from purveyor_emulator.records import (
    ActionStatus,
    EmulatedAction,
    EntityStatus,
    earlier,
    new_id,
    now,
    slug_of,
)
from purveyor_emulator.refusal import (
    invalid,
    list_in,
    object_in,
    object_of,
    one_of,
    text_in,
)

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator.records import EmulatedEntity
    from purveyor_emulator.store import PlatformStore

LEVELS = ("debug", "info", "information", "warn", "warning", "error", "fatal")
# `cancelled` is read on the platform; its published enum does not let a request set it.
SETTABLE = tuple(each.value for each in ActionStatus if each is not ActionStatus.CANCELLED)

_BEGUN = {
    Operation.CREATE: EntityStatus.CREATING,
    Operation.UPDATE: EntityStatus.UPDATING,
    Operation.DELETE: EntityStatus.DELETING,
    Operation.ARCHIVE: EntityStatus.ARCHIVING,
    Operation.UNARCHIVE: EntityStatus.UPDATING,  # a restore has no status of its own
}
_SUCCEEDED = {
    Operation.CREATE: EntityStatus.ACTIVE,
    Operation.UPDATE: EntityStatus.ACTIVE,
    Operation.DELETE: EntityStatus.DELETED,
    Operation.ARCHIVE: EntityStatus.ARCHIVED,
    Operation.UNARCHIVE: EntityStatus.ACTIVE,
}


def create_action(store: PlatformStore, entity: EmulatedEntity, body: JsonObject) -> EmulatedAction:
    """Request an action: pending, parameters checked, unknown ones dropped, defaults filled in."""
    specification = store.action_specification(entity, text_in(body, "specification_id"))
    given = object_in(body, "parameters")
    _refuse_impossible(store, entity, specification.operation, given)
    parameters = schema.accepted(specification.schema_of("parameters"), given)
    schema.check(specification.schema_of("parameters"), parameters, "body/parameters")
    # The name is free text made from the entity's name; only a custom one is its specification's.
    plain = specification.operation is Operation.CUSTOM
    default = specification.slug if plain else f"{specification.operation}-{entity.slug}"
    name = text_in(body, "name", default)
    action = EmulatedAction(
        id=new_id(),
        name=name,
        slug=slug_of(name),
        specification=specification,
        entity=entity,
        parameters=parameters,
        before=entity.status,
    )
    store.actions[action.id] = action
    return action


def report_on(action: EmulatedAction, body: JsonObject) -> EmulatedAction:
    """Take a report: status, results, messages, each optional; all or nothing."""
    status = _status(action, body)
    results = object_in(body, "results")
    if body.get("results") is not None:
        schema.check(action.specification.schema_of("results"), results, "body/results")
    messages = [_message(each, place) for place, each in enumerate(list_in(body, "messages"))]
    action.messages += messages
    action.results = {**action.results, **results}
    action.status = status
    action.updated_at = now()
    _affect(action, changed="status" in body, results=bool(results))
    return action


def cancel(action: EmulatedAction) -> None:
    """End an action as cancelled, which only the platform itself can do."""
    if action.status.final:
        raise invalid(f"The action is already {action.status}")
    action.status = ActionStatus.CANCELLED
    action.updated_at = now()


def age(action: EmulatedAction, seconds: float) -> None:
    """Move an action's times back."""
    action.created_at = earlier(action.created_at, seconds)
    action.updated_at = earlier(action.updated_at, seconds)


def _refuse_impossible(
    store: PlatformStore, entity: EmulatedEntity, operation: Operation, given: JsonObject
) -> None:
    if entity.status is EntityStatus.DELETED:
        raise invalid(f"The {entity.kind} is deleted")
    if operation.shelves:
        store.refuse_shelving(entity, back=operation is Operation.UNARCHIVE, given=given)
    elif entity.status is EntityStatus.ARCHIVED:
        raise invalid(f"The {entity.kind} is archived")
    if operation is not Operation.DELETE:
        return
    if entity.status is EntityStatus.FAILED:
        raise invalid(f"A failed {entity.kind} has no delete action; use DELETE /{entity.kind}/id")
    store.refuse_linked(entity, status=400)


def _status(action: EmulatedAction, body: JsonObject) -> ActionStatus:
    if "status" not in body:
        return action.status
    wanted = one_of(body, "status", SETTABLE, action.status)
    if action.status.final:
        raise invalid(f"body/status cannot be {wanted}: the action is already {action.status}")
    return ActionStatus(wanted)


def _message(value: JsonValue, place: int) -> JsonObject:
    where = f"body/messages/{place}"
    message = object_of(value, where)
    level = message.get("level", "info")
    if level not in LEVELS:
        raise invalid(f"{where}/level must be equal to one of the allowed values: {list(LEVELS)}")
    text = message.get("message")
    if not isinstance(text, str):
        raise invalid(f"{where} must have required property 'message'")
    return {"level": level, "message": text, "timestamp": int(time.time() * 1000)}


def _affect(action: EmulatedAction, *, changed: bool, results: bool) -> None:
    """Change the entity; a custom action never does more than set the attributes it targets."""
    entity, operation = action.entity, action.specification.operation
    if action.status is ActionStatus.SUCCESS and (changed or results):
        entity.attributes = {**entity.attributes, **_attributes(action)}
    if not changed or operation is Operation.CUSTOM:
        return
    match action.status:
        case ActionStatus.IN_PROGRESS:
            entity.become(_BEGUN[operation])
        case ActionStatus.SUCCESS:
            entity.become(_SUCCEEDED[operation])
        case ActionStatus.FAILED:
            created = operation is not Operation.CREATE
            entity.become(action.before if created else EntityStatus.FAILED)
        case _:
            return
    entity.updated_at = now()


def _attributes(action: EmulatedAction) -> JsonObject:
    specification, own = action.specification, action.entity.specification.schema
    asked = schema.attributes_from(action.parameters, specification.schema_of("parameters"), own)
    told = schema.attributes_from(action.results, specification.schema_of("results"), own)
    if specification.operation is Operation.CUSTOM:
        # What a custom action returns is for the one who asked, unless a result names a target.
        return schema.targeted(action.results, specification.schema_of("results"), own)
    return {**asked, **told}

"""The platform's routes for services, links and their actions, and for logging in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator.actions import create_action, report_on
from purveyor_emulator.documents import action_document, entity_document
from purveyor_emulator.exchange import Call, Platform, Reply, Way, listing
from purveyor_emulator.places import is_listed
from purveyor_emulator.records import EntityStatus

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor_emulator.records import EmulatedAction, EmulatedEntity

_ENTITY_FILTERS = ("id", "status", "specification_id", "name", "slug", "service_id")


def log_in(platform: Platform, call: Call) -> Reply:
    """Answer `POST /token`."""
    return Reply(platform.tokens.log_in(call.body))


def create(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `POST /service` and `POST /link`: 200, the one status the vendor's provider takes."""
    return Reply(entity_document(platform.store.create_entity(kind, call.body)))


def show_all(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `GET /service` and `GET /link`; see `is_listed` for what `nrn` takes in."""
    nrn, below = call.query.get("nrn"), call.query.get("show_descendants") == "true"
    rows = [
        entity_document(each)
        for each in platform.store.entities.values()
        if each.kind is kind and (nrn is None or is_listed(each, nrn, descendants=below))
    ]
    filters = (*_ENTITY_FILTERS, *(("type",) if kind is Kind.SERVICE else ()))
    return listing(call, rows, filters=filters, ignored=("nrn", "show_descendants"))


def show(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `GET /service/{id}` and `GET /link/{id}`."""
    return Reply(entity_document(_entity(kind, platform, call)))


def change(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `PATCH /service/{id}` and `PATCH /link/{id}`."""
    entity, body = _entity(kind, platform, call), call.body
    archived = entity.status is EntityStatus.ARCHIVED
    shelved = {("archived", False): "archive", ("active", True): "unarchive"}
    word = shelved.get((str(body.get("status")), archived), "")
    if entity.specification.document["use_managed_actions"] and ("attributes" in body or word):
        _manage(platform, entity, word or "update", body.get("attributes"))
    else:
        platform.store.change_entity(entity, body)
    return Reply(entity_document(entity))


def remove(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `DELETE /service/{id}` and `DELETE /link/{id}`."""
    entity, force = _entity(kind, platform, call), call.query.get("force") == "true"
    if entity.specification.document["use_managed_actions"] and not force:
        _manage(platform, entity, "delete")
    else:
        platform.store.remove_entity(entity, force=force)
    return Reply(status=204) if kind is Kind.LINK else Reply(entity_document(entity))


def _manage(platform: Platform, entity: EmulatedEntity, word: str, asked: JsonValue = None) -> None:
    """Make an action of what was asked of a managed instance, and tell the channels."""
    body: JsonObject = {"specification_id": word, "parameters": asked}
    platform.notifications.announce(create_action(platform.store, entity, body))


def request_action(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `POST /service/{id}/action`, and tell the channels."""
    action = create_action(platform.store, _entity(kind, platform, call), call.body)
    platform.notifications.announce(action)
    return Reply(action_document(action, messages=False), 201)


def show_actions(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `GET /service/{id}/action`."""
    entity = _entity(kind, platform, call)
    actions = [each for each in platform.store.actions.values() if each.entity is entity]
    rows = [action_document(each, messages=_with_messages(call)) for each in actions]
    filters = ("id", "status", "specification_id", "name", "slug")
    return listing(call, rows, filters=filters, ignored=("include_messages",))


def show_action(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `GET /service/{id}/action/{action_id}`."""
    return Reply(action_document(_action(kind, platform, call), messages=_with_messages(call)))


def change_action(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `PATCH /service/{id}/action/{action_id}`."""
    action = report_on(_action(kind, platform, call), call.body)
    return Reply(action_document(action, messages=_with_messages(call)))


def remove_action(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `DELETE /service/{id}/action/{action_id}`."""
    action = _action(kind, platform, call)
    del platform.store.actions[action.id]
    return Reply(action_document(action, messages=False))


def _entity(kind: Kind, platform: Platform, call: Call) -> EmulatedEntity:
    return platform.store.entity(kind, call.parts["id"])


def _action(kind: Kind, platform: Platform, call: Call) -> EmulatedAction:
    return platform.store.action(_entity(kind, platform, call), call.parts["action_id"])


def _with_messages(call: Call) -> bool:
    return call.query.get("include_messages") == "true"


def _ways(kind: Kind) -> tuple[Way, ...]:
    every, one = f"/{kind}", f"/{kind}/{{id}}"
    actions, action = f"{one}/action", f"{one}/action/{{action_id}}"
    return (
        Way("POST", every, partial(create, kind)),
        Way("GET", every, partial(show_all, kind)),
        Way("GET", one, partial(show, kind)),
        Way("PATCH", one, partial(change, kind)),
        Way("DELETE", one, partial(remove, kind)),
        Way("POST", actions, partial(request_action, kind)),
        Way("GET", actions, partial(show_actions, kind)),
        Way("GET", action, partial(show_action, kind)),
        Way("PATCH", action, partial(change_action, kind)),
        Way("DELETE", action, partial(remove_action, kind)),
    )


WAYS = (Way("POST", "/token", log_in), *_ways(Kind.SERVICE), *_ways(Kind.LINK))

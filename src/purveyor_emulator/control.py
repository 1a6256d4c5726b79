"""The emulator's own routes below /emulator/: trouble, what came in, what a user sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator.actions import cancel, create_action
from purveyor_emulator.exchange import Call, Platform, Reply, Way
from purveyor_emulator.faults import read_fault
from purveyor_emulator.page import build_page
from purveyor_emulator.refusal import list_in, object_in, object_of, text_in
from purveyor_emulator.view import build_view

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import EmulatedEntity


def show_faults(platform: Platform, call: Call) -> Reply:
    """Answer `GET /emulator/faults`."""
    del call
    return Reply({"faults": [each.document() for each in platform.faults.open()]})


def replace_faults(platform: Platform, call: Call) -> Reply:
    """Answer `PUT /emulator/faults` with `{"faults": [...]}`: these and no others."""
    given = [object_of(each, "body/faults") for each in list_in(call.body, "faults")]
    platform.faults.replace([read_fault(each) for each in given])
    return show_faults(platform, call)


def clear_faults(platform: Platform, call: Call) -> Reply:
    """Answer `DELETE /emulator/faults`."""
    platform.faults.replace([])
    return show_faults(platform, call)


def show_requests(platform: Platform, call: Call) -> Reply:
    """Answer `GET /emulator/requests`, secrets masked."""
    del call
    return Reply({"requests": list(platform.recorder.masked())})


def clear_requests(platform: Platform, call: Call) -> Reply:
    """Answer `DELETE /emulator/requests`."""
    platform.recorder.clear()
    return show_requests(platform, call)


def show_view(platform: Platform, call: Call) -> Reply:
    """Answer `GET /emulator/view`."""
    del call
    return Reply(build_view(platform))


def show_page(platform: Platform, call: Call) -> Reply:
    """Answer `GET /`."""
    del call
    return Reply(page=build_page(build_view(platform)))


def press(platform: Platform, call: Call) -> Reply:
    """Answer `POST /emulator/press` with the envelope that was sent."""
    return Reply(press_button(platform, call.body), 201)


def press_button(platform: Platform, body: JsonObject) -> JsonObject:
    """Do what a user does on the page: name an entity, or a specification for a new one.

    `{id, action, parameters}` asks for an action; `{specification, name, parameters}` creates a
    service, with `service_id` a link. `action` is an operation or the slug of a custom action.
    """
    entity = _pressed(platform, body)
    wanted: JsonObject = {
        "specification_id": text_in(body, "action", "create"),
        "parameters": object_in(body, "parameters"),
    }
    try:
        action = create_action(platform.store, entity, wanted)
    except Exception:
        if "id" not in body:
            del platform.store.entities[entity.id]
        raise
    return platform.notifications.announce(action).envelope


def cancel_action(platform: Platform, call: Call) -> Reply:
    """Answer `POST /emulator/action/{id}/cancel`."""
    found = platform.store.any_action(call.parts["id"])
    cancel(found)
    return Reply({"id": found.id, "status": found.status.value})


def _pressed(platform: Platform, body: JsonObject) -> EmulatedEntity:
    if "id" in body:
        return platform.store.any_entity(text_in(body, "id"))
    slug = text_in(body, "specification")
    fresh: JsonObject = {
        "specification_id": slug,
        "name": text_in(body, "name", slug),
        "dimensions": object_in(body, "dimensions"),
    }
    if "service_id" in body:
        return platform.store.create_entity(Kind.LINK, {**fresh, "service_id": body["service_id"]})
    return platform.store.create_entity(Kind.SERVICE, fresh)


WAYS = (
    Way("GET", "/", show_page),
    Way("GET", "/emulator/faults", show_faults),
    Way("PUT", "/emulator/faults", replace_faults),
    Way("DELETE", "/emulator/faults", clear_faults),
    Way("GET", "/emulator/requests", show_requests),
    Way("DELETE", "/emulator/requests", clear_requests),
    Way("GET", "/emulator/view", show_view),
    Way("POST", "/emulator/press", press),
    Way("POST", "/emulator/action/{id}/cancel", cancel_action),
)

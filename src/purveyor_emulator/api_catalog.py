"""The platform's routes for specifications: of services, of links and of their actions."""

from __future__ import annotations

from functools import partial

from purveyor.action import Kind
from purveyor_emulator.documents import action_specification_document, specification_document
from purveyor_emulator.exchange import Call, Platform, Reply, Way, listing
from purveyor_emulator.refusal import missing

_FILTERS = ("id", "slug", "name", "type", "specification_id")
_IGNORED = ("nrn", "application_id")


def show_all(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer the list of service or link specifications."""
    rows = [
        specification_document(each)
        for each in platform.store.specifications.values()
        if each.kind is kind
    ]
    return listing(call, rows, filters=_FILTERS, ignored=_IGNORED)


def show(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer one service or link specification, by id."""
    found = platform.store.specifications.get(call.parts["id"])
    if found is None or found.kind is not kind:
        raise missing(f"{kind} specification", call.parts["id"])
    return Reply(specification_document(found))


def show_links_of(platform: Platform, call: Call) -> Reply:
    """Answer `GET /service_specification/{id}/link_specification`."""
    show(Kind.SERVICE, platform, call)
    rows = [
        specification_document(each)
        for each in platform.store.specifications.values()
        if each.parent_id == call.parts["id"]
    ]
    return listing(call, rows, filters=_FILTERS, ignored=_IGNORED)


def show_actions_of(kind: Kind, platform: Platform, call: Call) -> Reply:
    """Answer `GET /{service|link}_specification/{id}/action_specification`."""
    show(kind, platform, call)
    rows = [
        action_specification_document(each)
        for each in platform.store.action_specifications.values()
        if each.parent.id == call.parts["id"]
    ]
    return listing(call, rows, filters=_FILTERS, ignored=_IGNORED)


def show_actions(platform: Platform, call: Call) -> Reply:
    """Answer `GET /action_specification`, filtered by either parent."""
    rows = [
        action_specification_document(each)
        for each in platform.store.action_specifications.values()
    ]
    parents = ("service_specification_id", "link_specification_id")
    named = {f"{p.removesuffix('_id')}": p for p in parents}
    query = {named.get(name, name): value for name, value in call.query.items()}
    own = Call(parts=call.parts, query=query)
    return listing(own, rows, filters=(*_FILTERS, *parents), ignored=_IGNORED)


def show_action(platform: Platform, call: Call) -> Reply:
    """Answer `GET /action_specification/{id}`."""
    found = platform.store.action_specifications.get(call.parts["id"])
    if found is None:
        raise missing("action specification", call.parts["id"])
    return Reply(action_specification_document(found))


WAYS = (
    Way("GET", "/service_specification", partial(show_all, Kind.SERVICE)),
    Way("GET", "/service_specification/{id}", partial(show, Kind.SERVICE)),
    Way("GET", "/service_specification/{id}/link_specification", show_links_of),
    Way(
        "GET",
        "/service_specification/{id}/action_specification",
        partial(show_actions_of, Kind.SERVICE),
    ),
    Way("GET", "/link_specification", partial(show_all, Kind.LINK)),
    Way("GET", "/link_specification/{id}", partial(show, Kind.LINK)),
    Way(
        "GET", "/link_specification/{id}/action_specification", partial(show_actions_of, Kind.LINK)
    ),
    Way("GET", "/action_specification", show_actions),
    Way("GET", "/action_specification/{id}", show_action),
)

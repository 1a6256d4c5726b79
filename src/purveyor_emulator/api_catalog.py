"""The platform's routes for specifications: of services, of links and of their actions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator.documents import specification_document
from purveyor_emulator.exchange import Call, Platform, Reply, Way, listing
from purveyor_emulator.notifications import within
from purveyor_emulator.refusal import list_in, missing, text_in
from purveyor_emulator.specifications import ACTION

if TYPE_CHECKING:
    from purveyor_emulator.records import EmulatedSpecification

_FILTERS = ("id", "slug", "name", "type", "specification_id")
_PARENTS = ("service_specification_id", "link_specification_id")


def show_all(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer a list, perhaps below one parent; `nrn` chooses what can be used there."""
    parent, nrn = call.parts.get("id"), call.query.get("nrn")
    known, rows = platform.store.specifications.by_id, []
    if parent is not None and parent not in known:
        raise missing("specification", parent)
    for each in known.values():
        places = list_in(each.document, "visible_to")
        usable = not (nrn and places) or any(within(nrn, str(place)) for place in places)
        below = parent is None or (each.parent is not None and each.parent.id == parent)
        if each.kind == kind and usable and below:
            rows.append(specification_document(each))
    filters = (*_FILTERS, *(_PARENTS if kind == ACTION else ()))
    return listing(call, rows, filters=filters, ignored=("nrn", "application_id"))


def show(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer one specification, by id."""
    return Reply(specification_document(_found(kind, platform, call)))


def create(kind: str, parent: str, platform: Platform, call: Call) -> Reply:
    """Answer `POST`: of a link or an action, it names its `parent`."""
    known, above = platform.store.specifications, None
    if parent:
        above = known.find(parent, call.parts.get("id") or text_in(call.body, "specification_id"))
    return Reply(specification_document(known.add(kind, call.body, above)), 201)


def change(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer `PATCH`."""
    platform.store.specifications.change(_found(kind, platform, call), call.body)
    return show(kind, platform, call)


def remove(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer `DELETE`: never of one that has services or links."""
    found = _found(kind, platform, call)
    platform.store.refuse_used(found)
    platform.store.specifications.remove(found)
    return Reply(status=204)


def show_snapshots(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer `GET /{kind}_specification/{id}/snapshots`."""
    found = _found(kind, platform, call)
    ids = enumerate(map(found.snapshot_id, range(1, found.revision + 1)), 1)
    return listing(call, [{"id": each, "sequence_number": n} for n, each in ids], filters=())


def _found(kind: str, platform: Platform, call: Call) -> EmulatedSpecification:
    identity = call.parts.get("action_id", call.parts["id"])
    found = platform.store.specifications.by_id.get(identity)
    if found is None or found.kind != kind:
        raise missing(f"{kind} specification", identity)
    return found


def _ways(kind: str, parent: str) -> tuple[Way, ...]:
    """Return the routes of a kind: read at its own path, actions written below their parent."""
    every, one = f"/{kind}_specification", f"/{kind}_specification/{{id}}"
    actions, action = f"{one}/action_specification", f"{one}/action_specification/{{action_id}}"
    reading = (
        Way("GET", every, partial(show_all, kind)),
        Way("GET", one, partial(show, kind)),
        Way("GET", f"{one}/snapshots", partial(show_snapshots, kind)),
    )
    return (
        reading
        if kind == ACTION
        else (
            *reading,
            Way("POST", every, partial(create, kind, parent)),
            Way("PATCH", one, partial(change, kind)),
            Way("DELETE", one, partial(remove, kind)),
            Way("GET", actions, partial(show_all, ACTION)),
            Way("POST", actions, partial(create, ACTION, kind)),
            Way("PATCH", action, partial(change, ACTION)),
            Way("DELETE", action, partial(remove, ACTION)),
        )
    )


WAYS = (
    *_ways(Kind.SERVICE, ""),
    *_ways(Kind.LINK, Kind.SERVICE),
    *_ways(ACTION, ""),
    Way("GET", "/service_specification/{id}/link_specification", partial(show_all, Kind.LINK)),
)

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
    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import EmulatedSpecification

_FILTERS = ("id", "slug", "name", "type", "specification_id")
_PARENTS = ("service_specification_id", "link_specification_id")
_IGNORED = ("nrn", "application_id")


def show_all(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer `GET /{kind}_specification`; those of actions are filtered by either parent."""
    rows = [each for each in platform.store.specifications.by_id.values() if each.kind == kind]
    named = {f"{p.removesuffix('_id')}": p for p in _PARENTS}
    query = {named.get(name, name): value for name, value in call.query.items()}
    own = Call(parts=call.parts, query=query)
    return _list(own, rows, *(_PARENTS if kind == ACTION else ()))


def show_below(kind: str, parent: str, platform: Platform, call: Call) -> Reply:
    """Answer `GET /{parent}_specification/{id}/{kind}_specification`."""
    found = _found(parent, platform, call)
    return _list(call, platform.store.specifications.below(found, kind))


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
    found = _found(kind, platform, call)
    platform.store.specifications.change(found, call.body)
    return Reply(specification_document(found))


def remove(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer `DELETE`: never of one that has services or links."""
    found = _found(kind, platform, call)
    platform.store.refuse_used(found)
    platform.store.specifications.remove(found)
    return Reply(status=204)


def show_snapshots(kind: str, platform: Platform, call: Call) -> Reply:
    """Answer `GET /{kind}_specification/{id}/snapshots`."""
    found = _found(kind, platform, call)
    numbers = range(1, found.revision + 1)
    rows: list[JsonObject] = [
        {"id": found.snapshot_id(each), "sequence_number": each} for each in numbers
    ]
    return listing(call, rows, filters=())


def _list(call: Call, specifications: list[EmulatedSpecification], *filters: str) -> Reply:
    """Answer a list; `nrn` chooses what can be used there."""
    nrn = call.query.get("nrn")
    places = [list_in(each.document, "visible_to") for each in specifications]
    rows = [
        specification_document(each)
        for each, above in zip(specifications, places, strict=True)
        if not nrn or not above or any(within(nrn, str(place)) for place in above)
    ]
    return listing(call, rows, filters=(*_FILTERS, *filters), ignored=_IGNORED)


def _found(kind: str, platform: Platform, call: Call) -> EmulatedSpecification:
    identity = call.parts.get("action_id", call.parts["id"])
    found = platform.store.specifications.by_id.get(identity)
    if found is None or found.kind != kind:
        raise missing(f"{kind} specification", identity)
    return found


def _ways(kind: str) -> tuple[Way, ...]:
    every, one = f"/{kind}_specification", f"/{kind}_specification/{{id}}"
    actions, action = f"{one}/action_specification", f"{one}/action_specification/{{action_id}}"
    return (
        Way("POST", every, partial(create, kind, Kind.SERVICE if kind == Kind.LINK else "")),
        Way("PATCH", one, partial(change, kind)),
        Way("DELETE", one, partial(remove, kind)),
        Way("GET", actions, partial(show_below, ACTION, kind)),
        Way("POST", actions, partial(create, ACTION, kind)),
        Way("PATCH", action, partial(change, ACTION)),
        Way("DELETE", action, partial(remove, ACTION)),
        *_reading(kind),
    )


def _reading(kind: str) -> tuple[Way, ...]:
    one = f"/{kind}_specification/{{id}}"
    return (
        Way("GET", f"/{kind}_specification", partial(show_all, kind)),
        Way("GET", one, partial(show, kind)),
        Way("GET", f"{one}/snapshots", partial(show_snapshots, kind)),
    )


_LINKS = "/service_specification/{id}/link_specification"
WAYS = (
    *_ways(Kind.SERVICE),
    *_ways(Kind.LINK),
    *_reading(ACTION),
    Way("GET", _LINKS, partial(show_below, Kind.LINK, Kind.SERVICE)),
)

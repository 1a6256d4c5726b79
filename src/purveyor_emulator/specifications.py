"""Specifications as the platform takes them: checked, with snapshots and default actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import Kind, Operation
from purveyor_emulator import schema
from purveyor_emulator.records import EmulatedSpecification, fixed_id, new_id, slug_of
from purveyor_emulator.refusal import (
    invalid,
    list_in,
    missing,
    object_of,
)

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

ACTION = "action"
_DEFAULT_ACTIONS = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)
_SELECTORS: JsonObject = {"category": "", "imported": False, "provider": "", "sub_category": ""}


class Specifications:
    """All specifications by id: of services, of links, and of what may be asked of them."""

    def __init__(self) -> None:
        self.by_id: dict[str, EmulatedSpecification] = {}

    def find(self, kind: str, name: str) -> EmulatedSpecification:
        """Find a specification by id or slug."""
        for each in self.by_id.values():
            if each.kind == kind and name in {each.id, each.slug}:
                return each
        raise missing(f"{kind} specification", name)

    def below(self, parent: EmulatedSpecification, kind: str) -> list[EmulatedSpecification]:
        """Return the link or action specifications of a specification."""
        return [each for each in self.by_id.values() if each.parent is parent and each.kind == kind]

    def add(
        self, kind: str, body: JsonObject, parent: EmulatedSpecification | None, identity: str = ""
    ) -> EmulatedSpecification:
        """Add a specification, with its default actions."""
        found = EmulatedSpecification(kind, identity or new_id(), {}, parent)
        self.change(found, body)
        return found

    def change(self, found: EmulatedSpecification, body: JsonObject) -> None:
        """Change a specification in part; a change makes a snapshot and new default actions."""
        document = _checked(found.kind, {**found.document, **body})
        for each in self.by_id.values():
            same = each is not found and (each.kind, each.parent) == (found.kind, found.parent)
            if same and each.slug == document["slug"]:
                raise invalid(f"body/slug {each.slug} is taken")
        if document == found.document:
            return
        self.by_id[found.id] = found
        found.document, found.revision = document, found.revision + 1
        for action in self.below(found, ACTION):
            if action.is_default:
                del self.by_id[action.id]
        for operation in _DEFAULT_ACTIONS if document.get("use_default_actions") else ():
            own = _default_action(found, operation)
            # One that is made again gets another id, as on the platform.
            first = fixed_id(found.id, "action", str(own["slug"]))
            identity = first if found.revision == 1 else new_id()
            self.add(ACTION, own, found, identity).is_default = True

    def remove(self, found: EmulatedSpecification) -> None:
        """Forget a specification and its actions; never one that has link specifications."""
        if self.below(found, Kind.LINK):
            raise invalid(f"The specification {found.slug} still has link specifications")
        for each in (*self.below(found, ACTION), found):
            del self.by_id[each.id]

    def plant(
        self, each: JsonObject, place: str, parent: EmulatedSpecification | None = None
    ) -> None:
        """Add a specification of a seed and all below it; ids are the same at each start."""
        kind, above = (Kind.LINK, parent.id) if parent else (Kind.SERVICE, "")
        own = _seeded({"visible_to": [place], "selectors": _SELECTORS, **each})
        identity = str(each.get("id") or fixed_id(above, str(each["slug"])))
        found = self.add(kind, own, parent, identity)
        for action in (object_of(one, "seed/actions") for one in list_in(each, "actions")):
            identity = str(action.get("id") or fixed_id(found.id, "action", str(action["slug"])))
            self.add(ACTION, _seeded({"type": "custom", **action}), found, identity)
        for link in list_in(each, "links"):
            self.plant(object_of(link, "seed/links"), place, found)


def _default_action(parent: EmulatedSpecification, operation: Operation) -> JsonObject:
    return {
        "slug": f"{operation}-{parent.slug}",
        "name": f"{operation.capitalize()} {parent.document['name']}",
        "type": operation.value,
        "parameters": {"schema": schema.editable(parent.schema, operation), "values": {}},
        "results": {"schema": schema.mirrored(parent.schema), "values": {}},
    }


def _seeded(each: JsonObject) -> JsonObject:
    """Return a seed's specification as a request would hold it."""
    names = [name for name in ("attributes", "parameters", "results") if name in each]
    wrapped: JsonObject = {name: {"schema": each[name], "values": {}} for name in names}
    return {"name": each["slug"], **each, **wrapped}


def _checked(kind: str, body: JsonObject) -> JsonObject:
    """Return a document: what is not known is dropped without a word, so is `available_links`."""
    given: JsonObject = {name: value for name, value in body.items() if value is not None}
    document = schema.accepted(schema.request(kind), given)
    schema.check(schema.request(kind), document, "body")
    if document.get("use_managed_actions") and not document["use_default_actions"]:
        raise invalid("body/use_managed_actions requires use_default_actions")
    return {"slug": slug_of(str(document["name"])), **document}

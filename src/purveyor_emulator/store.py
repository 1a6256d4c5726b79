"""The platform's memory: specifications, services and links, and what may be done to them."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor_emulator import schema
from purveyor_emulator.records import EmulatedEntity, EntityStatus, new_id, now, slug_of
from purveyor_emulator.refusal import (
    RefusedError,
    invalid,
    list_in,
    missing,
    object_in,
    object_of,
    one_of,
    text_in,
)
from purveyor_emulator.specifications import Specifications

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor_emulator.records import EmulatedAction, EmulatedSpecification
    from purveyor_emulator.seed import Seed


_ARCHIVABLE = frozenset({EntityStatus.ACTIVE, EntityStatus.CANCELLED, EntityStatus.FAILED})


class PlatformStore:
    """Everything in memory. `lock` is held by whoever reads or writes more than one thing."""

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self.specifications = Specifications()
        self.entities: dict[str, EmulatedEntity] = {}
        self.actions: dict[str, EmulatedAction] = {}
        # Traces, API keys, artifacts and packages: by their path, then by id.
        self.kept: defaultdict[str, dict[str, JsonObject]] = defaultdict(dict)
        for specification in seed.specifications:
            place = f"organization={seed.place['organization']['id']}"
            self.specifications.plant(specification, place)
        for service in seed.services:
            self._plant(service)

    @property
    def nrn(self) -> str:
        """Where an entity lives that does not say otherwise."""
        return ":".join(f"{level}={each['id']}" for level, each in self.seed.place.items())

    def tags(self, nrn: str) -> JsonObject:
        """Return the tags of a place: two texts a level, the slug only where the seed knows it."""
        tags: JsonObject = {}
        for part in nrn.split(":"):
            level, _, identity = part.partition("=")
            known = self.seed.place.get(level)
            tags[f"{level}_id"] = identity
            if known and known["id"] == identity:
                tags[level] = known["slug"]
        return tags

    def action_specification(self, entity: EmulatedEntity, name: str) -> EmulatedSpecification:
        """Find what can be asked of an entity by id, slug, or `create`, `update`, `delete`."""
        for each in self.specifications.below(entity.specification, "action"):
            if name in {each.id, each.slug} or (name == each.operation and name != "custom"):
                return each
        raise invalid(f"body/specification_id {name} is no action of this {entity.kind}")

    def entity(self, kind: Kind, identity: str) -> EmulatedEntity:
        """Find a service or a link."""
        found = self.entities.get(identity)
        if found is None or found.kind is not kind:
            raise missing(kind, identity)
        return found

    def any_entity(self, identity: str) -> EmulatedEntity:
        """Find an entity of either kind."""
        found = self.entities.get(identity)
        if found is None:
            raise missing("service or link", identity)
        return found

    def action(self, entity: EmulatedEntity, identity: str) -> EmulatedAction:
        """Find one of an entity's actions."""
        found = self.actions.get(identity)
        if found is None or found.entity is not entity:
            raise missing("action", identity)
        return found

    def any_action(self, identity: str) -> EmulatedAction:
        """Find an action of any entity."""
        if found := self.actions.get(identity):
            return found
        raise missing("action", identity)

    def links(self, service: EmulatedEntity) -> list[EmulatedEntity]:
        """Return the links of a service that still exist."""
        return [
            each
            for each in self.entities.values()
            if each.service_id == service.id and each.status is not EntityStatus.DELETED
        ]

    def create_entity(self, kind: Kind, body: JsonObject) -> EmulatedEntity:
        """Create a service or a link, `pending` unless the body says `active` (an import)."""
        specification = self.specifications.find(kind, text_in(body, "specification_id"))
        service = (
            self.entity(Kind.SERVICE, text_in(body, "service_id")) if kind is Kind.LINK else None
        )
        if service and specification.parent is not service.specification:
            raise invalid("body/specification_id belongs to another service specification")
        attributes = schema.visible(specification.schema, object_in(body, "attributes"))
        schema.check_some(specification.schema, attributes, "body/attributes")
        name = text_in(body, "name")
        entity = EmulatedEntity(
            kind=kind,
            id=text_in(body, "id", new_id()),
            slug=slug_of(name),
            name=name,
            status=EntityStatus(one_of(body, "status", list(EntityStatus), "pending")),
            specification=specification,
            nrn=text_in(body, "entity_nrn", self.nrn),
            service_id=service.id if service else "",
            attributes=attributes,
            dimensions=_dimensions(body),
        )
        if entity.id in self.entities:
            raise RefusedError(409, f"The id {entity.id} is taken")
        if any(_is_archived_twin(each, entity) for each in self.entities.values()):
            raise invalid(f"An archived {kind} of this specification is there: unarchive it")
        self.entities[entity.id] = entity
        return entity

    def change_entity(self, entity: EmulatedEntity, body: JsonObject) -> EmulatedEntity:
        """Change name, status, dimensions; attributes are merged at top level."""
        schema_of = entity.specification.schema
        attributes = schema.visible(schema_of, object_in(body, "attributes"))
        schema.check_some(schema_of, attributes, "body/attributes")
        status = EntityStatus(one_of(body, "status", list(EntityStatus), entity.status))
        back = entity.status is EntityStatus.ARCHIVED and status is EntityStatus.ACTIVE
        if back or status is EntityStatus.ARCHIVED is not entity.status:
            self.refuse_shelving(entity, back=back, given=attributes)
            actions = self.specifications.below(entity.specification, "action")
            if any(each.operation.shelves for each in actions):
                raise invalid("The specification defines an archive action: use it, not the status")
        name = text_in(body, "name", entity.name)
        dimensions = _dimensions(body) if "dimensions" in body else entity.dimensions
        entity.become(status)
        entity.attributes = {**entity.attributes, **attributes}
        entity.name, entity.dimensions = name, dimensions
        entity.updated_at = now()
        return entity

    def remove_entity(self, entity: EmulatedEntity, *, force: bool) -> None:
        """Forget an entity; only a failed one unless forced, never one with links."""
        if not force and entity.status is not EntityStatus.FAILED:
            raise RefusedError(
                403, f"A {entity.kind} that is {entity.status} can only be deleted by an action"
            )
        self.refuse_linked(entity, status=403)
        del self.entities[entity.id]
        for action in [each for each in self.actions.values() if each.entity is entity]:
            del self.actions[action.id]

    def refuse_used(self, specification: EmulatedSpecification) -> None:
        """Refuse when a specification still has services or links."""
        for each in self.entities.values():
            if each.specification is specification and each.status is not EntityStatus.DELETED:
                raise invalid(f"The specification is used by the {each.kind} {each.slug}")

    def refuse_linked(self, entity: EmulatedEntity, *, status: int) -> None:
        """Refuse when a service still has links."""
        if links := self.links(entity):
            slugs = ", ".join(link.slug for link in links)
            raise RefusedError(status, f"The service still has links: {slugs}")

    def refuse_shelving(self, entity: EmulatedEntity, *, back: bool, given: JsonObject) -> None:
        """Refuse to archive what must not be, or to bring it `back`; `given` are attributes."""
        if given:
            raise invalid("An archive request carries no attributes")
        if back:
            if entity.status is not EntityStatus.ARCHIVED:
                raise invalid(f"The {entity.kind} is not archived")
            service = self.entities.get(entity.service_id)
            if service is not None and service.status is not EntityStatus.ACTIVE:
                raise invalid("Unarchiving a link needs an active service")
            return
        if entity.status not in _ARCHIVABLE:
            raise invalid(f"Only {sorted(_ARCHIVABLE)} can be archived, not {entity.status}")
        if any(each.status is not EntityStatus.ARCHIVED for each in self.links(entity)):
            raise invalid("The service still has links that are not archived")

    def secret_names(self) -> set[str]:
        """Return the names of all attributes, parameters and results that are secret."""
        kept = self.specifications.by_id.values()
        schemas = [e.schema_of(n) for e in kept for n in ("attributes", "parameters", "results")]
        return {name for each in schemas for name in schema.secret_names(each)}

    def _plant(self, service: JsonObject) -> None:
        body = {**service, "specification_id": service["specification"]}
        planted = self.create_entity(Kind.SERVICE, body)
        for link in list_in(service, "links"):
            each = object_of(link, "seed/links")
            own = {"specification_id": each["specification"], "service_id": planted.id}
            self.create_entity(Kind.LINK, {**each, **own})


def _is_archived_twin(one: EmulatedEntity, other: EmulatedEntity) -> bool:
    return one.status is EntityStatus.ARCHIVED and (
        (one.specification, one.nrn, one.service_id, one.dimensions)
        == (other.specification, other.nrn, other.service_id, other.dimensions)
    )


def _dimensions(body: JsonObject) -> JsonObject:
    dimensions = object_in(body, "dimensions")
    if not all(isinstance(value, str) for value in dimensions.values()):
        raise invalid("body/dimensions values must be string")
    return dict(dimensions)

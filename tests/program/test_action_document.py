"""The document that a custom action's program gets."""

from __future__ import annotations

import dataclasses

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.provision.document import build_document

SERVICE = Entity(
    kind=Kind.SERVICE,
    id="s-1",
    slug="orders",
    specification=Specification("sp-1", "mysql"),
    attributes={"size": 3},
    dimensions={"environment": "production", "country": "us"},
)
CONTEXT = ActionContext(
    id="a-1",
    slug="get-credentials",
    name="Get credentials",
    operation=Operation.CUSTOM,
    status="pending",
    specification=Specification("as-1", "get-credentials"),
    service=SERVICE,
    link=None,
    parameters={"user": "ana"},
    tags={"team": "red"},
    entity_nrn=None,
    requested_by="ana@example.com",
    digest="0" * 64,
)


def test_a_services_document_holds_all_that_a_program_may_need() -> None:
    document = build_document(
        CONTEXT, outputs={"password": "x"}, state_key="services/s-1/o.tfstate"
    )
    assert document == {
        "version": 1,
        "action": {
            "id": "a-1",
            "slug": "get-credentials",
            "name": "Get credentials",
            "operation": "custom",
            "specification": {"id": "as-1", "slug": "get-credentials"},
        },
        "service": {
            "id": "s-1",
            "slug": "orders",
            "specification": {"id": "sp-1", "slug": "mysql"},
            "attributes": {"size": 3},
            "dimensions": {"environment": "production", "country": "us"},
        },
        "link": None,
        "dimensions": {"environment": "production", "country": "us"},
        "tags": {"team": "red"},
        "parameters": {"user": "ana"},
        "outputs": {"password": "x"},
        "service_outputs": {"password": "x"},
        "state_key": "services/s-1/o.tfstate",
        "requested_by": "ana@example.com",
    }


def test_a_links_document_keeps_its_outputs_and_the_services_apart() -> None:
    link = dataclasses.replace(
        SERVICE, kind=Kind.LINK, id="l-1", attributes={}, dimensions={"country": "uk"}
    )
    document = build_document(
        dataclasses.replace(CONTEXT, link=link),
        outputs={"user": "u"},
        service_outputs={"endpoint": "e"},
    )
    assert document["outputs"] == {"user": "u"}
    assert document["service_outputs"] == {"endpoint": "e"}
    assert document["dimensions"] == {"environment": "production", "country": "uk"}
    assert isinstance(document["link"], dict)
    assert document["link"]["id"] == "l-1"
    assert document["state_key"] is None

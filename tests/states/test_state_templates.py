"""A company's own key scheme is read without guessing where a slug ends and an id begins."""

from __future__ import annotations

import pytest

from purveyor.errors import CatalogError
from purveyor.states.entity import Named
from purveyor.states.migration import parse_mapping, parse_template

UUID = "7b1f6c1e-3c52-4b43-9c1b-2f6a3a9f2d11"


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        (
            "service-{service_slug}-{service_id}.tfstate",
            f"service-orders-db-2-{UUID}.tfstate",
            Named("service", UUID, "orders-db-2"),
        ),
        (
            "service-{service_slug}-{service_id}.tfstate",
            "service-orders-db-1234.tfstate",
            Named("service", "1234", "orders-db"),
        ),
        (
            "services/{id}/terraform.tfstate",
            "services/a-b.c/terraform.tfstate",
            Named("service", "a-b.c"),
        ),
        ("{kind}/{id}/{any}.tfstate", "links/77/x.tfstate", Named("link", "77")),
        ("l/{link_id}", "l/77", Named("link", "77")),
        ("{slug}/{link_id}/state", "a/b/state", Named("link", "b", "a")),
    ],
)
def test_a_key_of_the_scheme_tells_whose_state_it_is(
    template: str, path: str, expected: Named
) -> None:
    assert parse_template(template).read(path) == expected


@pytest.mark.parametrize(
    ("template", "path"),
    [
        # Where the slug ends cannot be told.
        ("service-{service_slug}-{service_id}.tfstate", "service-orders-db-a1b2.tfstate"),
        ("services/{id}/terraform.tfstate", "services/a/b/terraform.tfstate"),
        ("services/{id}/terraform.tfstate", "services/a/terraform.tfstate.tflock"),
        ("services.{id}", "servicesXa"),
    ],
)
def test_a_key_that_does_not_clearly_fit_is_left_out(template: str, path: str) -> None:
    assert parse_template(template).read(path) is None


@pytest.mark.parametrize(
    "template",
    [
        "service-{service_slug}.tfstate",
        "terraform.tfstate",
        "{service_id}/{link_id}",
        "{id}/{id}",
        "{id}/{name}",
        "{slug}-{service_slug}/{id}",
    ],
)
def test_a_template_without_the_id_once_is_refused(template: str) -> None:
    with pytest.raises(CatalogError) as caught:
        parse_template(template)
    assert caught.value.details


def test_a_mapping_is_read_and_all_its_faults_are_told_at_once() -> None:
    moves = parse_mapping(["# ours", "", "old/one.tfstate services/1/orders", "two links/2"])
    assert [(each.old.path, each.owner) for each in moves] == [
        ("old/one.tfstate", Named("service", "1", "orders")),
        ("two", Named("link", "2", "")),
    ]
    with pytest.raises(CatalogError) as caught:
        parse_mapping(["one", "two things/2", "three services/", "four services/4"])
    assert [each.split(":")[0] for each in caught.value.details] == ["line 1", "line 2", "line 3"]

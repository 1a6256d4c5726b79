"""One value for each variable, by precedence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from parameter_fixtures import BACKUPS, BOOL, STRING, STRINGS, module, request, variable

from purveyor.action import Operation
from purveyor.declaration import Attribute, Collection, Object
from purveyor.parameters import find_overruled, resolve_request

if TYPE_CHECKING:
    from purveyor.json_text import JsonValue


def test_the_stronger_layer_wins() -> None:
    layers = ("defaults", "service_attributes", "link_attributes", "parameters", "offered", "fixed")
    given: dict[str, Any] = {layer: {} for layer in layers}
    for start, first in enumerate(layers):
        for layer in layers[: start + 1]:
            given[layer][first] = layer
    interface = module(*(variable(name, STRING) for name in layers))
    assert resolve_request(request(**given), interface) == {layer: layer for layer in layers}


def test_objects_merge_key_by_key_and_arrays_replace() -> None:
    settled = resolve_request(
        request(
            defaults={"a": {"x": {"p": 1, "q": 2}, "l": [1, 2]}},
            parameters={"a": {"x": {"q": 3}, "l": [4]}},
            fixed={"a": {"y": False}},
        ),
        module(variable("a")),
    )
    assert settled == {"a": {"x": {"p": 1, "q": 3}, "l": [4], "y": False}}


@pytest.mark.parametrize("value", [False, 0, "", None, [], {}])
def test_empty_values_are_values(value: JsonValue) -> None:
    interface = module(variable("a"), variable("b", required=True))
    asked = request(
        defaults={"a": "x"}, service_attributes={"a": 1}, parameters={"a": value, "b": value}
    )
    assert resolve_request(asked, interface) == {"a": value, "b": value}


def test_a_parameter_that_is_null_replaces_an_attribute() -> None:
    asked = request(Operation.UPDATE, service_attributes={"a": "x"}, parameters={"a": None})
    assert resolve_request(asked, module(variable("a", STRING))) == {"a": None}


def test_an_attribute_that_is_null_is_absent_at_every_depth() -> None:
    settled = resolve_request(
        request(
            Operation.UPDATE,
            defaults={"a": "kept", "o": {"retention_days": 7, "window": "night"}},
            service_attributes={"a": None, "o": {"retention_days": 9, "window": None}},
        ),
        module(variable("a", STRING), variable("o", BACKUPS)),
    )
    assert settled == {"a": "kept", "o": {"retention_days": 9, "window": "night"}}


def test_attributes_that_the_module_does_not_declare_are_left_out_silently() -> None:
    attributes: dict[str, JsonValue] = {
        "endpoint": "host",
        "o": {"retention_days": 1, "arn": "x"},
        "l": [{"retention_days": 2, "arn": "y"}],
    }
    interface = module(variable("o", BACKUPS), variable("l", Collection("list", BACKUPS)))
    settled = resolve_request(request(Operation.UPDATE, service_attributes=attributes), interface)
    assert settled == {"o": {"retention_days": 1}, "l": [{"retention_days": 2}]}


def test_a_key_taken_out_of_a_map_stays_out() -> None:
    before: dict[str, JsonValue] = {"team": "a", "old": "b"}
    settled = resolve_request(
        request(
            Operation.UPDATE,
            defaults={"labels": {"owner": "platform"}},
            service_attributes={"labels": before, "o": {"retention_days": 1, "labels": before}},
            parameters={"labels": {"team": "a"}, "o": {"labels": {}}},
        ),
        module(variable("labels", STRINGS), variable("o", BACKUPS)),
    )
    assert settled["labels"] == {"owner": "platform", "team": "a"}
    assert settled["o"] == {"retention_days": 1, "labels": {}}


def test_reserved_names_are_offered_only_where_they_are_declared_and_fit() -> None:
    offered: dict[str, JsonValue] = {
        "purveyor": {"service_id": "s-1", "link_id": None, "kind": "service"},
        "service_id": "s-1",
        "link_id": None,
        "tags": {"account": "a"},
        "dimensions": {"environment": "production"},
    }
    interface = module(
        variable("purveyor", Object({"service_id": Attribute(STRING)}), required=True),
        variable("service_id", STRING, required=True),
        variable("link_id", STRING, nullable=False),
        variable("tags", Collection("list", STRING)),
    )
    asked = request(offered=offered, parameters={"tags": ["mine"], "service_id": "s-2"})
    assert resolve_request(asked, interface) == {
        "purveyor": {"service_id": "s-1"},
        "service_id": "s-1",
        "tags": ["mine"],
    }
    assert find_overruled(asked, interface) == [
        "service_id is set by Purveyor itself; what was asked is not used."
    ]


def test_what_the_platform_team_fixed_wins_and_is_said_only_where_it_differs() -> None:
    interface = module(variable("multi_az", BOOL), variable("size"), variable("tags", STRINGS))
    asked = request(
        fixed={"multi_az": True, "size": 5, "tags": {"team": "x"}},
        parameters={"multi_az": False, "size": 5, "tags": {"mine": "y"}},
    )
    assert resolve_request(asked, interface) == {
        "multi_az": True,
        "size": 5,
        "tags": {"team": "x", "mine": "y"},
    }
    assert find_overruled(asked, interface) == [
        "multi_az is set by the catalog; what was asked is not used."
    ]

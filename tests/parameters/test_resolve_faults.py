"""What is refused, all at once, and what a delete and an update may and may not do."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from parameter_fixtures import BACKUPS, NUMBER, STRING, faults_of, module, request, variable

from purveyor.action import Operation
from purveyor.declaration import Attribute, Collection, Object, Primitive, Tuple
from purveyor.parameters import resolve_request
from purveyor.parameters.resolve import MAX_DETAILS

if TYPE_CHECKING:
    from purveyor.declaration import TypeConstraint
    from purveyor.json_text import JsonValue


def test_unknown_names_are_refused_with_advice_and_without_their_values() -> None:
    interface = module(variable("instance_class", STRING), outputs=("endpoint",))
    asked = request(
        parameters={"instance_clas": "hunter2", "endpoint": "x", "\u202eqqq": 1},
        defaults={"instanceclass": 1},
        fixed={"zz": 1},
        immutable=("zone.a",),
    )
    advice = "is no variable of the module; did you mean instance_class?"
    assert faults_of(asked, interface) == (
        f"instance_clas: {advice}",
        "endpoint: is no variable of the module; it is a result and cannot be set",
        "\\u202eqqq: is no variable of the module",
        f"instanceclass: {advice} (from the catalog's defaults)",
        "zz: is no variable of the module (from the catalog's variables)",
        "zone: is no variable of the module (from the catalog's immutable)",
    )


def test_a_parameter_that_only_repeats_a_read_only_attribute_asks_for_nothing() -> None:
    asked = request(
        Operation.UPDATE,
        service_attributes={"endpoint": "host", "password": None},
        parameters={"endpoint": "host", "password": None},
    )
    assert resolve_request(asked, module(outputs=("endpoint",))) == {}
    changed = request(
        Operation.UPDATE, service_attributes={"endpoint": "host"}, parameters={"endpoint": "mine"}
    )
    assert len(faults_of(changed, module(outputs=("endpoint",)))) == 1


def test_all_faults_come_at_once_in_the_order_of_the_module() -> None:
    interface = module(
        variable("name", STRING, required=True),
        variable("backups", BACKUPS, required=True),
        variable("zone", STRING, nullable=False),
        variable("password", STRING, sensitive=True),
        variable("token", STRING, ephemeral=True),
        variable("port", NUMBER),
    )
    asked = request(
        Operation.UPDATE,
        parameters={"zon": 1, "zone": None, "password": 271828, "token": ["hunter2"],
                    "backups": {"retention_days": "7", "windows": "x"}},
        service_attributes={"port": "3306"},
    )  # fmt: skip
    accepted = "an object with retention_days, window, labels"
    assert faults_of(asked, interface) == (
        "zon: is no variable of the module; did you mean zone?",
        "name: is missing; accepts a string",
        f"backups.windows: is not declared; backups accepts {accepted}",
        'backups.retention_days: given the string "7"; accepts a number',
        "password: given a number; accepts a string",
        "token: given a list of 1 item; accepts a string",
        'port: given the string "3306"; accepts a number (from the platform\'s attributes)',
    )


def test_a_required_secret_that_the_platform_withholds_has_to_be_given_again() -> None:
    interface = module(variable("password", STRING, required=True, sensitive=True))
    asked = request(
        Operation.UPDATE, service_attributes={"password": None}, hidden=frozenset({"password"})
    )
    (fault,) = faults_of(asked, interface)
    assert fault == "password: is not kept, so it has to be given again; accepts a string"


def test_a_default_never_takes_the_place_of_a_secret_that_nobody_can_tell() -> None:
    interface = module(variable("pin", STRING, default="none"))
    lost = request(Operation.UPDATE, remembered={"size": 1}, hidden=frozenset({"pin"}))
    assert faults_of(lost, interface)[0].startswith("pin: is not kept")
    again = request(Operation.UPDATE, parameters={"pin": "new"}, hidden=frozenset({"pin"}))
    assert resolve_request(again, interface) == {"pin": "new"}


def test_many_faults_are_counted_but_not_all_shown() -> None:
    asked = request(parameters={f"unknown{number}": 1 for number in range(500)})
    details = faults_of(asked, module(variable("known")))
    assert len(details) == MAX_DETAILS + 1
    assert details[-1] == "and 450 more faults"


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("14", "15", True),
        ("14", "14", False),
        (14, "14", True),
        (None, "15", False),
        ({"class": "a", "size": 1}, {"size": 1}, False),
        ({"class": "a", "size": 1}, {"size": 2}, True),
        ("14", None, True),
        (1, True, True),
        (1, Decimal("1.0"), False),
        (["a", {"b": 0}], ["a", {"b": False}], True),
    ],
)
def test_an_immutable_variable_keeps_its_value_on_update(
    before: JsonValue, after: JsonValue, *, refused: bool
) -> None:
    interface = module(variable("v"))
    asked = request(
        Operation.UPDATE,
        service_attributes={"v": before},
        parameters={"v": after},
        immutable=("v",),
    )
    if refused:
        (fault,) = faults_of(asked, interface)
        assert fault.startswith("v: given ")
        assert "cannot change after the creation" in fault
    else:
        assert resolve_request(asked, interface)["v"] is not None


def test_an_immutable_place_inside_an_object_leaves_its_neighbours_free() -> None:
    interface = module(variable("storage"), variable("secret", sensitive=True))
    asked = request(
        Operation.UPDATE,
        service_attributes={"storage": {"class": "a", "size": 1}, "secret": "hunter1"},
        parameters={"storage": {"class": "b", "size": 2}, "secret": "hunter2"},
        immutable=("storage.class", "secret"),
    )
    why = "because it cannot change after the creation"
    assert faults_of(asked, interface) == (
        f'storage.class: given the string "b"; accepts the string "a", {why}',
        f"secret: given a string of 7 characters; accepts a string of 7 characters, {why}",
    )


def test_an_immutable_variable_is_compared_with_what_was_applied_and_not_with_what_is_shown() -> (
    None
):
    interface = module(variable("name"), variable("tier", STRING, default="small"))
    spoilt = request(
        Operation.UPDATE,
        service_attributes={"name": "box-a"},
        remembered={"name": "a"},
        applied={"name": "a"},
        parameters={"name": "box-a", "tier": "large"},
        immutable=("name", "tier"),
    )
    assert [fault.partition(";")[0] for fault in faults_of(spoilt, interface)] == [
        'name: given the string "box-a"',
        'tier: given the string "large"',
    ]
    same = replace(spoilt, parameters={"name": "a", "tier": "small"})
    assert resolve_request(same, interface) == {"name": "a", "tier": "small"}


def test_an_immutable_variable_is_free_on_create_and_where_no_value_is_known() -> None:
    interface = module(variable("v"))
    created = request(service_attributes={"v": 1}, parameters={"v": 2}, immutable=("v",))
    assert resolve_request(created, interface) == {"v": 2}
    first = request(Operation.UPDATE, parameters={"v": 2}, immutable=("v",))
    assert resolve_request(first, interface) == {"v": 2}


def test_a_link_compares_with_its_own_attributes_and_not_with_its_services() -> None:
    asked = request(
        Operation.UPDATE,
        service_attributes={"name": "database"},
        link_attributes={"grants": "all"},
        parameters={"name": "reader"},
        immutable=("name",),
    )
    interface = module(variable("name"), variable("grants"))
    assert resolve_request(asked, interface) == {"name": "reader", "grants": "all"}


def test_nothing_that_a_person_must_correct_stands_before_a_delete() -> None:
    interface = module(
        variable("name", STRING, required=True),
        variable("password", STRING, required=True, sensitive=True),
        variable("port", NUMBER),
    )
    asked = request(
        Operation.DELETE,
        defaults={"gone": 1},
        service_attributes={"name": "db", "port": "3306", "password": None},
        parameters={"confirm": True},
        fixed={"gone_too": 1},
        immutable=("name", "gone"),
    )
    assert resolve_request(asked, interface) == {"name": "db", "port": "3306", "password": None}


def test_a_delete_fills_what_nobody_can_give_again_with_null_or_with_nothing() -> None:
    shape = Object({"size": Attribute(Primitive("number")), "on": Attribute(Primitive("bool"))})
    types: dict[str, TypeConstraint] = {
        "name": STRING,
        "port": Primitive("number"),
        "tags": Collection("map", STRING),
        "zones": Collection("set", STRING),
        "shape": shape,
        "pair": Tuple((STRING, shape)),
    }
    interface = module(
        variable("password", STRING, required=True),
        *(variable(name, each, required=True, nullable=False) for name, each in types.items()),
    )

    empty = {"size": 0, "on": False}
    assert resolve_request(request(Operation.DELETE), interface) == {
        "password": None,
        "name": "",
        "port": 0,
        "tags": {},
        "zones": [],
        "shape": empty,
        "pair": ["", empty],
    }


def test_a_custom_action_is_checked_like_a_create() -> None:
    (fault,) = faults_of(request(Operation.CUSTOM, parameters={"x": 1}), module())
    assert fault == "x: is no variable of the module; it declares none"


def test_a_context_of_60_kilobytes_settles_in_time_that_grows_with_it_and_not_with_its_square() -> (
    None
):
    eighth, whole = (_settle_seconds(count) for count in (40, 320))
    assert whole / eighth < 24  # its square would be 64


def _settle_seconds(count: int) -> float:
    """Return the least processor time that so many rules take: other tests share the machine."""
    rules: list[JsonValue] = [{"retention_days": n, "window": "é" * 20} for n in range(count)]
    interface = module(variable("rules", Collection("set", BACKUPS)), variable("a"), variable("b"))
    layers = {"rules": rules, "a": rules[: count // 3], "b": {str(n): n for n in range(count)}}
    asked = request(
        Operation.UPDATE, service_attributes=layers, parameters=layers, immutable=("a",)
    )
    took = []
    for _ in range(20):
        began = time.thread_time()
        settled = resolve_request(asked, interface)
        took.append(time.thread_time() - began)
        assert settled == layers
    return min(took)


def test_null_means_the_default_where_a_variable_may_not_be_null() -> None:
    tier = variable("tier", STRING, nullable=False, default="small")
    assert resolve_request(request(parameters={"tier": None}), module(tier)) == {}
    needed = variable("tier", STRING, nullable=False, required=True)
    (fault,) = faults_of(request(parameters={"tier": None}), module(needed))
    assert fault == "tier: given null; accepts a string"

"""Computed values over a service's life: renamed, updated, deleted, secret, and half created."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provision_fixtures import Life

from purveyor.action import Operation
from purveyor.catalog.recipe import Account, ComputeRule
from purveyor.declaration import ModuleInterface, Primitive, Variable
from purveyor.errors import CatalogError, ParameterError
from purveyor.parameters import VariableRequest
from purveyor.provision.computed import Computation
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

BUCKET = "np-{{ service.name | slug(40) }}-{{ parameters.suffix }}"
CREATE, UPDATE, DELETE = Operation.CREATE, Operation.UPDATE, Operation.DELETE


def declare(name: str, *, sensitive: bool = False, required: bool = True) -> Variable:
    return Variable(name=name, type=Primitive("any"), required=required, sensitive=sensitive)


def live(**compute: ComputeRule | str) -> Life:
    rules = {n: ComputeRule(c) if isinstance(c, str) else c for n, c in compute.items()}
    variables = {name: declare(name) for name in rules}
    variables["size"] = declare("size", required=False)
    specification: dict[str, JsonObject] = {
        "suffix": {"editableOn": ["create", "update"]},
        "size": {"editableOn": ["create", "update"]},
        "pin": {"editableOn": ["create", "update"], "secret": True},
    }
    interface = ModuleInterface(Path("m"), variables, {})
    return Life(Path(), interface, lambda _: {}, specification, compute=rules)


def refused(life: Life, operation: Operation, parameters: JsonObject) -> ParameterError:
    with pytest.raises(ParameterError) as caught:
        life.run(operation, parameters)
    return caught.value


def test_a_parameter_that_a_template_reads_needs_no_variable() -> None:
    life = live(bucket=BUCKET)
    assert life.run(CREATE, {"suffix": "a"})["bucket"] == "np-news-a"
    error = refused(life, UPDATE, {"sufix": "b", "suffix": "c"})
    assert error.details == ("sufix: is no variable of the module",)


def test_an_update_that_asks_for_nothing_changes_nothing() -> None:
    life = live(bucket=BUCKET, zone="{{ account.region }}b", all="{{ parameters }}")
    first = life.run(CREATE, {"suffix": "a", "size": 3})
    assert life.run(UPDATE, {}) == first
    assert life.run(UPDATE, {"size": 3}) == first
    assert life.run(DELETE, {}) == first


def test_what_is_asked_anew_is_computed_anew() -> None:
    life = live(bucket=BUCKET, half="{{ (parameters.size | default(4)) // 2 }}")
    assert life.run(CREATE, {"suffix": "a"})["half"] == 2
    second = life.run(UPDATE, {"suffix": "b", "size": 10})
    assert (second["bucket"], second["half"], second["size"]) == ("np-news-b", 5, 10)
    assert life.run(UPDATE, {}) == second


def test_what_is_decided_once_outlives_a_rename_and_an_update() -> None:
    life = live(bucket=ComputeRule(BUCKET, once=True), label="{{ service.name }}")
    life.run(CREATE, {"suffix": "a"})
    life.name = "Old news"
    for parameters in ({}, {"suffix": "b"}, {"suffix": "c"}):
        given = life.run(UPDATE, dict(parameters))
        assert (given["bucket"], given["label"]) == ("np-news-a", "Old news")
    assert life.run(DELETE, {})["bucket"] == "np-news-a"


def test_a_create_that_broke_has_decided() -> None:
    life = live(bucket=ComputeRule(BUCKET, once=True))
    life.memory.begun = {"bucket": "np-first-a"}
    assert life.run(CREATE, {"suffix": "b"})["bucket"] == "np-first-a"
    assert life.run(UPDATE, {})["bucket"] == "np-first-a"


def test_what_is_built_stays_when_a_catalog_begins_to_compute_it_once() -> None:
    life = live(bucket="{{ parameters.suffix }}")
    life.run(CREATE, {"suffix": "by-hand"})
    life.compute = {"bucket": ComputeRule(BUCKET, once=True)}
    assert life.run(UPDATE, {})["bucket"] == "by-hand"


def test_a_value_that_is_computed_wins_and_says_so() -> None:
    life = live(bucket=BUCKET)
    assert life.run(CREATE, {"suffix": "a", "bucket": "mine"})["bucket"] == "np-news-a"
    note = "bucket is set by the catalog; what was asked is not used."
    assert life.settled.notes == (note,)


def test_what_comes_from_a_secret_is_a_secret() -> None:
    life = live(hashed="{{ parameters.pin | hash(16) }}", plain="{{ parameters.suffix }}")
    first = life.run(CREATE, {"pin": "s3cret-pin", "suffix": "a"})
    assert life.settled.secret == {"hashed", "pin"}
    assert life.memory.capsule is not None
    assert "s3cret-pin" not in repr(life.memory.capsule)
    assert str(first["hashed"]) not in repr(life.memory.capsule)
    assert life.memory.capsule.withheld == ("hashed",)
    assert life.run(UPDATE, {}) == first
    assert life.run(DELETE, {}) == first


def test_a_secret_that_is_decided_once_is_kept_with_the_secrets() -> None:
    life = live(hashed=ComputeRule("{{ parameters.pin | hash(16) }}", once=True))
    first = life.run(CREATE, {"pin": "s3cret-pin"})
    assert life.memory.capsule is not None
    assert life.memory.capsule.computed == {}
    assert life.run(UPDATE, {"pin": "another-pin"}) == first
    assert life.settled.secret >= {"hashed"}


def test_a_secret_that_is_decided_once_and_not_kept_is_not_decided_again() -> None:
    life = live(hashed=ComputeRule("{{ parameters.pin | hash(16) }}", once=True))
    life.keep_secrets = False
    life.run(CREATE, {"pin": "s3cret-pin"})
    error = refused(life, UPDATE, {"pin": "another-pin"})
    assert error.details == ("compute.hashed was decided, is secret, and is not kept",)


def test_a_fault_names_the_template_and_no_value() -> None:
    life = live(bucket=BUCKET, number="{{ parameters.pin * 2 }}", wrong="{{ parameters.pin }}")
    error = refused(life, CREATE, {"pin": "s3cret-pin"})
    first, second = error.details
    assert first == "compute.bucket, character 34: parameters.suffix is missing"
    assert second.startswith(
        "compute.number, character 1: arithmetic takes numbers; parameters.pin"
    )
    assert second.endswith("is a string of 10 characters")
    assert error.reason == "PARAMETER_INVALID"


def test_a_computed_secret_of_the_wrong_type_is_not_shown() -> None:
    life = live(wrong="{{ parameters.pin }}")
    life.interface.variables["wrong"] = Variable(  # type: ignore[index]  # a dict
        name="wrong", type=Primitive("number"), required=True
    )
    error = refused(life, CREATE, {"pin": "s3cret-pin"})
    assert error.details == (
        "wrong: given a string of 10 characters; accepts a number (from the catalog's variables)",
    )


def test_a_template_that_cannot_be_read_is_the_catalog_s_fault() -> None:
    with pytest.raises(CatalogError) as caught:
        live(bucket="{{ nothing }}", other="{{ 1 + }}").run(CREATE, {})
    assert [each.split(":")[0] for each in caught.value.details] == [
        "compute.bucket, character 1",
        "compute.other, character 1",
    ]


@settings(deadline=None, max_examples=30)  # a busy machine takes its time
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["rename", "suffix", "size", "none"]), st.text("ab1", max_size=30)
        )
    )
)
def test_whatever_follows_the_create_once_holds_and_the_rest_keeps_up(
    steps: list[tuple[str, str]],
) -> None:
    life = live(bucket=ComputeRule(BUCKET, once=True), now=f"{BUCKET}-{{{{ parameters.size }}}}")
    life.run(CREATE, {"suffix": "a", "size": ""})
    asked: dict[str, JsonValue] = {"suffix": "a", "size": ""}
    for kind, text in steps:
        if kind == "rename":
            life.name = f"n{text}"
        change: dict[str, JsonValue] = {kind: text} if kind in asked else {}
        asked |= change
        found = life.run(UPDATE, change)
        assert found["bucket"] == "np-news-a"
        assert found["now"] == f"np-{life.name.lower()}-{asked['suffix']}-{asked['size']}"
        assert life.run(UPDATE, {}) == found
    assert life.run(DELETE, {})["bucket"] == "np-news-a"


@pytest.mark.parametrize(
    ("template", "secret"),
    [
        ("{{ outputs.password }}", True),
        ("{{ outputs.password | hash(4) }}", True),
        ("{{ outputs }}", True),
        ("{{ outputs['pass' + 'word'] }}", True),
        ("{{ outputs.host }}", False),
        ("{{ steps.db.outputs.password }}", True),
        ("{{ steps.db }}", True),
        ("{{ steps.db.outputs.host }}", False),
        ("{{ service.name }}", False),
    ],
)
def test_what_comes_from_a_sensitive_output_is_secret(template: str, *, secret: bool) -> None:
    life = live(v=template)
    outputs = {"host": OutputValue("h"), "password": OutputValue("p4ss-word", sensitive=True)}
    computation = Computation(
        life.compute, Account(), read_outputs=lambda: outputs, steps={"db": outputs}
    )
    request = computation.add_to(
        VariableRequest(operation=CREATE),
        life.interface,
        life._context(CREATE, {}, {}),  # noqa: SLF001 - the same context as a life's
        service_name="",
        withheld=(),
        is_private=lambda _name, _value: False,
    )
    assert request.secret == ({"v"} if secret else set())
    assert "v" in request.fixed


def test_nothing_outside_is_asked_that_no_template_needs() -> None:
    def ask() -> dict[str, JsonValue]:
        raise AssertionError

    life = live(v="{{ service.id }}")
    computation = Computation(life.compute, Account(), ask, ask)  # type: ignore[arg-type]  # asked by nobody
    request = computation.add_to(
        VariableRequest(operation=CREATE),
        life.interface,
        life._context(CREATE, {}, {}),  # noqa: SLF001 - the same context as a life's
        service_name="",
        withheld=(),
        is_private=lambda _name, _value: False,
    )
    assert request.fixed == {"v": "s-1"}

"""Whatever a module gives and a platform shows, an update that asks for nothing changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from provision_fixtures import Life

from purveyor.action import Operation
from purveyor.catalog.recipe import OutputRule
from purveyor.declaration import Collection, ModuleInterface, ModuleOutput, Primitive, Variable
from purveyor.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue

STRING = Primitive("string")
NAMES = ("name", "size", "zone", "pin")
_TEXT = st.one_of(st.none(), st.just(""), st.text("abc", min_size=1, max_size=3))
_KINDS = st.sampled_from(["same", "other", "null", "empty", "when set"])


@st.composite
def lives(draw: st.DrawFn) -> tuple[Life, list[JsonObject]]:
    """A module with outputs of its variables' names, and what is asked of it in turn."""
    variables: dict[str, Variable] = {}
    specification: dict[str, JsonObject] = {}
    outputs: dict[str, tuple[str, str]] = {}
    for name in NAMES:
        required = draw(st.booleans())
        variables[name] = Variable(
            name=name,
            type=Collection("map", STRING) if name == "size" else STRING,
            required=required,
            default=None if required else draw(_values(name)),
            nullable=True,
            sensitive=draw(st.booleans()) if name == "pin" else False,
        )
        editable: list[JsonValue] = list(
            draw(st.sampled_from([["create"], ["create", "update"], []]))
        )
        specification[name] = {"editableOn": editable, "secret": name == "pin"}
        outputs[draw(st.sampled_from([name, f"{name}_seen"]))] = (name, draw(_KINDS))
    specification |= {name: {"editableOn": []} for name in outputs if name not in specification}
    interface = ModuleInterface(
        Path("m"), variables, {name: ModuleOutput(name) for name in outputs}
    )
    explicit = {name: OutputRule(name) for name in outputs if name not in variables}
    life = Life(
        Path(),
        interface,
        lambda given: {name: _give(given, *made) for name, made in outputs.items()},
        specification,
        rules=draw(st.sampled_from([None, explicit])),
    )
    first: JsonObject = {name: draw(_values(name)) for name in NAMES}
    more = [{name: draw(_values(name))} for name in draw(st.lists(st.sampled_from(NAMES)))]
    return life, [first, *more]


def _values(name: str) -> st.SearchStrategy[JsonValue]:
    maps: st.SearchStrategy[JsonValue] = st.dictionaries(st.sampled_from("xy"), st.just("1"))
    return maps if name == "size" else _TEXT


def _give(given: Mapping[str, JsonValue], name: str, kind: str) -> JsonValue:
    whole: dict[str, JsonValue] = {
        "same": given[name],
        "other": f"arn:{given[name]}",
        "null": None,
        "empty": "",
        "when set": f"host-{given[name]}" if given[name] else None,
    }
    return whole[kind]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=lives())
def test_an_update_that_asks_for_nothing_gives_the_module_the_same(
    made: tuple[Life, list[JsonObject]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    life, wishes = made
    life.folder = tmp_path_factory.mktemp("life", numbered=True)
    (life.folder / "m").mkdir()
    held: dict[str, JsonValue] = {}
    for number, wish in enumerate(wishes):
        applied = life.run(Operation.UPDATE if number else Operation.CREATE, wish)
        held |= wish
        assert {name: applied[name] for name in held} == held, "what was asked is what is built"
        settable = {n: v for n, v in held.items() if life.specification[n]["editableOn"]}
        assert {name: life.attributes[name] for name in settable} == settable
        assert life.run(Operation.UPDATE, {}) == applied
        assert life.run(Operation.DELETE, {}) == applied


@pytest.fixture
def life(tmp_path: Path) -> Life:
    """A module whose output `name` is made of the variable of that name, and hides a pin."""
    (tmp_path / "m").mkdir()
    variables = {
        "name": Variable("name", STRING, required=True),
        "pin": Variable("pin", STRING, required=False, default="none"),
    }
    everywhere: list[JsonValue] = ["create", "update"]
    return Life(
        tmp_path,
        ModuleInterface(Path("m"), variables, {"name": ModuleOutput("name")}),
        lambda given: {"name": f"box-{given['name']}"},
        {
            "name": {"editableOn": everywhere},
            "pin": {"editableOn": everywhere, "secret": True},
        },
    )


def test_a_value_that_somebody_changed_on_the_platform_wins(life: Life) -> None:
    life.run(Operation.CREATE, {"name": "a"})
    life.attributes["name"] = "by-hand"
    assert life.run(Operation.UPDATE, {})["name"] == "by-hand"
    assert life.run(Operation.UPDATE, {})["name"] == "by-hand"


def test_a_secret_that_is_not_kept_is_never_the_default(life: Life) -> None:
    life.keep_secrets = False
    life.run(Operation.CREATE, {"name": "a", "pin": "zebra"})
    with pytest.raises(ParameterError, match="does not fit"):
        life.run(Operation.UPDATE, {"name": "b"})
    assert life.run(Operation.DELETE, {})["name"] == "a"


def test_a_secret_that_the_notification_tells_need_not_be_given_again(life: Life) -> None:
    life.keep_secrets = False
    life.run(Operation.CREATE, {"name": "a", "pin": "zebra"})
    life.tells_secrets = True
    assert life.run(Operation.UPDATE, {"name": "b"})["pin"] == "zebra"


def test_a_memory_of_an_earlier_release_trusts_no_attribute_of_an_outputs_name(
    life: Life,
) -> None:
    from dataclasses import replace

    life.run(Operation.CREATE, {"name": "a"})
    assert life.memory.capsule is not None
    life.memory.capsule = replace(life.memory.capsule, asked=None, shown={})
    life.attributes["name"] = "box-a"
    assert life.run(Operation.UPDATE, {})["name"] == "a"


def test_without_a_memory_what_nobody_may_set_is_no_wish(life: Life) -> None:
    life.specification["name"] = {"editableOn": []}
    life.run(Operation.CREATE, {"name": "a"})
    life.memory.capsule = None
    life.attributes["name"] = "box-a"
    with pytest.raises(ParameterError) as refused:
        life.run(Operation.UPDATE, {})
    assert refused.value.details == ("name: is missing; accepts a string",)


def test_without_a_memory_a_hidden_secret_has_to_be_given_again(life: Life) -> None:
    life.run(Operation.CREATE, {"name": "a", "pin": "zebra"})
    life.memory.capsule = None
    with pytest.raises(ParameterError) as refused:
        life.run(Operation.UPDATE, {})
    assert refused.value.details[0].startswith("pin: is not kept, so it has to be given again")

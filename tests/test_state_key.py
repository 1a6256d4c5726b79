"""Keys survive renaming and hostile slugs; state documents are read exactly or refused."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor import json_text
from purveyor.action import Entity, Kind, Specification
from purveyor.errors import ContextError, ReasonCode, RecoveryError
from purveyor.state_key import (
    IDENTITY_OUTPUT,
    KEYS,
    OutputValue,
    StateDocument,
    StateKey,
    check_identity,
    identity,
    parse_state,
)

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True)


@dataclass(frozen=True)
class Owner:
    slug: str
    id: str = "5a1f"
    kind: str = "service"


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("orders-db", "orders-db"),
        ("", "service"),
        ("..", "service"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c", "a-b-c"),
        ("Größe und Ärger", "Große-und-Arger".replace("ß", "-")),
        ("数据库", "service"),
        ("x.tfstate", "x-tfstate"),
        ("x" * 200, "x" * 64),
        ("-rf", "rf"),
        ("a\x00b\nc", "a-b-c"),
    ],
)
def test_a_slug_becomes_one_safe_path_part(slug: str, name: str) -> None:
    assert KEYS.path(Owner(slug)) == f"services/5a1f/{name}.tfstate"


def test_an_entity_is_an_owner() -> None:
    entity = Entity(Kind.LINK, "7", "app", Specification("s", "s"))
    assert KEYS.path(entity) == "links/7/app.tfstate"
    assert identity(entity) == "links/7"


@given(IDS, st.text(), IDS, st.text())
def test_no_key_is_a_folder_of_another(id1: str, slug1: str, id2: str, slug2: str) -> None:
    one, other = KEYS.path(Owner(slug1, id1)), KEYS.path(Owner(slug2, id2))
    assert not other.startswith(f"{one}/")
    assert (one.split("/")[1] == other.split("/")[1]) == (id1 == id2)
    assert all(len(part.encode()) <= 128 for part in one.split("/"))
    assert KEYS.read(one) == ("service", id1, one.split("/")[2].removesuffix(".tfstate"))
    assert one.startswith(KEYS.start(Owner(slug2, id1)))


@given(st.text())
def test_an_id_is_a_path_part_or_refused(text: str) -> None:
    try:
        parts = identity(Owner("x", text)).split("/")
    except ContextError:
        return
    assert parts == ["services", text]
    assert text not in {".", ".."}


def test_an_existing_state_wins_over_the_present_slug() -> None:
    path = "services/5a1f/old.tfstate"
    assert KEYS.choose(Owner("new"), states=[path]) == StateKey(path, exists=True)


def test_a_state_wins_over_a_trace_and_a_trace_over_nothing() -> None:
    old, new = "services/5a1f/old.tfstate", "services/5a1f/new.tfstate"
    assert KEYS.choose(Owner("x"), states=[old], traces=[new]) == StateKey(old, exists=True)
    assert KEYS.choose(Owner("x"), states=[], traces=[old]) == StateKey(old, exists=False)
    assert KEYS.choose(Owner("new"), states=[], traces=[new, old]) == StateKey(new, exists=False)


def test_two_states_are_named() -> None:
    with pytest.raises(RecoveryError) as caught:
        KEYS.choose(Owner("x"), states=[f"services/5a1f/{name}.tfstate" for name in "baa"])
    assert caught.value.reason is ReasonCode.STATE_AMBIGUOUS
    assert caught.value.details == ("services/5a1f/a.tfstate", "services/5a1f/b.tfstate")
    assert caught.value.exit_code == 19


def document(**changes: object) -> str:
    whole: dict[str, object] = {
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 7,
        "lineage": "9d8e",
        "outputs": {},
        "resources": [],
    }
    return json_text.write(whole | changes)


def test_only_managed_instances_are_counted() -> None:
    resources = [
        {"mode": "managed", "instances": [{}, {"deposed": "ab"}]},
        {"mode": "managed", "instances": []},
        {"mode": "data", "instances": [{}]},
    ]
    assert parse_state(document(resources=resources), where="x").resources == 2


def test_outputs_keep_their_types_and_every_digit() -> None:
    text = document(outputs={"n": {"value": "@", "type": "number"}, "s": {"value": None}})
    number = "123456789012345678901234567890.10"
    state = parse_state(text.replace('"@"', number), where="x")
    assert state.outputs["n"] == OutputValue(Decimal(number))
    assert state.outputs["s"] == OutputValue(None)


def test_a_sensitive_output_is_marked() -> None:
    text = document(outputs={"p": {"value": "x", "type": "string", "sensitive": True}})
    assert parse_state(text, where="x").outputs["p"].sensitive


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not whole JSON"),
        (document()[:-3], "not whole JSON"),
        (document() + document(), "not whole JSON"),
        ("[1]", "not a JSON object"),
        (document(version=3), "format version is 3"),
        (document(version="4"), "format version is none"),
        (document(version=True), "format version"),
        (document(serial=None), "no serial"),
        (document(lineage=1), "no lineage"),
        (document(resources={}), "wrong type"),
        (document(outputs=[]), "wrong type"),
        (document(resources=[{"mode": "managed"}]), "no instances"),
        (document(resources=["secret-9"]), "no instances"),
        (document(outputs={"secret-9": "secret-9"}), "no value"),
    ],
)
def test_a_state_that_is_not_whole_is_refused_without_showing_it(text: str, problem: str) -> None:
    with pytest.raises(RecoveryError) as caught:
        parse_state(text, where="services/5a1f/x.tfstate")
    assert caught.value.reason is ReasonCode.STATE_UNREADABLE
    assert problem in caught.value.message
    assert "services/5a1f/x.tfstate" in caught.value.message
    assert "secret-9" not in f"{caught.value.message}{caught.value.details}"


def test_an_encrypted_state_is_known_as_such() -> None:
    shell = {"serial": 3, "lineage": "9d", "meta": {}, "encrypted_data": "AA", "version": "v0"}
    state = parse_state(json_text.write(shell), where="x")
    assert state == StateDocument(3, "9d", resources=0, encrypted=True)


def test_a_state_stamped_for_another_entity_is_refused() -> None:
    def stamped(value: str) -> StateDocument:
        return StateDocument(1, "l", 1, {IDENTITY_OUTPUT: OutputValue(value)})

    check_identity(stamped("services/5a1f"), Owner("any-slug"))
    check_identity(StateDocument(1, "l", 0), Owner("x"))
    for foreign in ("services/5a1e", "links/5a1f", "x" * 5000):
        with pytest.raises(RecoveryError) as caught:
            check_identity(stamped(foreign), Owner("x"))
        assert caught.value.reason is ReasonCode.STATE_FOREIGN
        assert len(caught.value.message) < 200


@pytest.mark.slow
def test_forty_megabytes_are_read_in_seconds() -> None:
    attributes = {f"attribute_{n}": "v" * 20 for n in range(40)}
    resource = {"mode": "managed", "instances": [{"attributes": attributes}]}
    text = document(resources=[resource] * 24_000)
    assert len(text) > 38_000_000
    before = time.process_time()
    assert parse_state(text, where="x").resources == 24_000
    assert time.process_time() - before < 10

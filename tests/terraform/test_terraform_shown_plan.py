"""A shown plan, field by field; the shapes are recordings of both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.engines.terraform.plans.shown_plan import read_plan
from purveyor.plan import Change, Verb

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

ADDRESS, TYPE = "terraform_data.db", "terraform_data"


def resource(*actions: JsonValue, **more: JsonValue) -> JsonObject:
    return {"address": ADDRESS, "type": TYPE, "change": {"actions": list(actions)}, **more}


def plan(*resources: JsonObject, **fields: JsonValue) -> JsonObject:
    return {"format_version": "1.2", "complete": True, "resource_changes": [*resources], **fields}


@pytest.mark.parametrize(
    ("actions", "verbs"),
    [
        (["no-op"], []),
        (["read"], [Verb.READ]),
        (["create"], [Verb.CREATE]),
        (["update"], [Verb.UPDATE]),
        (["delete"], [Verb.DELETE]),
        (["delete", "create"], [Verb.REPLACE]),
        (["create", "delete"], [Verb.REPLACE]),
        (["forget"], [Verb.FORGET]),
        (["forget", "create"], [Verb.FORGET, Verb.CREATE]),
        (["create", "forget"], [Verb.FORGET, Verb.CREATE]),
    ],
)
def test_each_combination_of_actions_is_known(actions: list[JsonValue], verbs: list[Verb]) -> None:
    assert read_plan(plan(resource(*actions))) == ([Change(ADDRESS, TYPE, v) for v in verbs], [])


def test_a_replacement_says_what_forces_it_and_a_leftover_that_it_is_one() -> None:
    forced: JsonObject = {"actions": ["delete", "create"], "replace_paths": [["a", 0, "b"], ["c"]]}
    changes, _ = read_plan(plan(resource(change=forced), resource("delete", deposed="abcd1234")))

    assert changes == [
        Change(ADDRESS, TYPE, Verb.REPLACE, ("a[0].b", "c")),
        Change(ADDRESS, TYPE, Verb.DELETE, deposed=True),
    ]


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        (None, "the plan itself"),
        ({"format_version": "1.2"}, "the plan itself"),
        (plan(resource("transmute")), "the plan's ['transmute'] of terraform_data.db"),
        (plan(resource("delete", "forget")), "['delete', 'forget'] of terraform_data.db"),
        (plan(resource(change=3)), "of terraform_data.db"),
        (plan(action_invocations=[{}]), "the plan's action_invocations"),
        (plan(deferred_changes=[{}]), "the plan's deferred_changes"),
        (plan(deferred_action_invocations=[{}]), "the plan's deferred_action_invocations"),
    ],
)
def test_what_is_not_understood_is_named(shown: JsonValue, named: str) -> None:
    changes, unread = read_plan(shown)

    assert changes == []
    assert len(unread) == 1
    assert named in unread[0]


def test_an_empty_field_that_is_not_known_says_nothing() -> None:
    assert read_plan(plan(action_invocations=[])) == ([], [])

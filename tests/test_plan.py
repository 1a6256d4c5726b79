"""The guard's judgement."""

from __future__ import annotations

import dataclasses

import pytest

from purveyor.engines.terraform.apply import covers
from purveyor.errors import GuardError
from purveyor.plan import Change, Guard, StatefulTypes, Verb, find_denied, judge

DATABASE = "aws_db_instance"


def change(address: str, verb: Verb = Verb.REPLACE, *forced_by: str) -> Change:
    kind = next(part for part in address.split(".") if part.startswith("aws_")).split("[")[0]
    return Change(address, kind, verb, forced_by)


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("aws_db_instance", "aws_db_instance.main"),
        ("aws_db_instance", "module.a[0].module.b.aws_db_instance.main[1]"),
        ("aws_db_instance.main", "aws_db_instance.main"),
        ("aws_db_instance.main", "aws_db_instance.main[0]"),
        ("aws_db_instance.main", 'aws_db_instance.main["a.b[0]\\"c"]'),
        ("aws_db_instance.main[0]", "aws_db_instance.main[0]"),
        ("module.data", "module.data.aws_db_instance.main"),
        ("module.data", 'module.data["x.y"].module.deep.aws_db_instance.main'),
        ("module.data.aws_db_instance.main", 'module.data["x"].aws_db_instance.main[2]'),
        ('module.data["x"]', 'module.data["x"].aws_db_instance.main'),
    ],
)
def test_a_pattern_protects_types_addresses_and_modules(pattern: str, address: str) -> None:
    assert find_denied(Guard((pattern,)), [change(address)], covers)


@pytest.mark.parametrize(
    ("pattern", "address"),
    [
        ("aws_db", "aws_db_instance.main"),
        ("aws_db_instance.main", "aws_db_instance.main2"),
        ("aws_db_instance.main", "module.data.aws_db_instance.main"),
        ("aws_db_instance.main[0]", "aws_db_instance.main[1]"),
        ("aws_db_instance.main[0]", "aws_db_instance.main"),
        ("module.data", "module.database.aws_db_instance.main"),
        ('module.data["x"]', 'module.data["y"].aws_db_instance.main'),
        ("module.data.aws_db_instance.main", "module.data.aws_db_instance.other"),
    ],
)
def test_a_pattern_protects_nothing_else(pattern: str, address: str) -> None:
    assert not find_denied(Guard((pattern,)), [change(address)], covers)


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.UPDATE, Verb.READ, Verb.NOTHING])
def test_only_deletion_and_replacement_are_judged(verb: Verb) -> None:
    judge(Guard((DATABASE,)), [change("aws_db_instance.main", verb)], covers)


def test_every_denied_resource_is_named_with_what_forces_it() -> None:
    changes = [
        change("aws_db_instance.main", Verb.REPLACE, "engine", "storage[0].kind"),
        change("aws_s3_bucket.logs", Verb.DELETE),
        change("aws_db_instance.copy", Verb.DELETE),
    ]

    with pytest.raises(GuardError) as caught:
        judge(Guard((DATABASE,)), changes, covers)

    assert caught.value.exit_code == 13
    assert "replace aws_db_instance.main and 1 more" in caught.value.message
    assert caught.value.details == (
        "aws_db_instance.main would be replaced, forced by engine, storage[0].kind",
        "aws_db_instance.copy would be deleted",
    )


def test_without_a_guard_everything_is_allowed() -> None:
    judge(Guard(), [change("aws_db_instance.main", Verb.DELETE)], covers)


def test_letting_go_is_judged_as_deletion_is_and_a_leftover_is_not_the_resource() -> None:
    let_go = change("aws_db_instance.main", Verb.FORGET)
    leftover = Change("aws_db_instance.main", DATABASE, Verb.DELETE, deposed=True)

    judge(Guard((DATABASE,)), [leftover], covers)
    with pytest.raises(GuardError) as caught:
        judge(Guard((DATABASE,)), [let_go, leftover], covers)

    assert "would forget aws_db_instance.main," in caught.value.message
    assert len(caught.value.details) == 1


def test_what_cannot_be_read_is_refused_where_something_is_protected() -> None:
    judge(Guard(), [], covers, unread=["the plan's action_invocations"])
    with pytest.raises(GuardError) as caught:
        judge(Guard((DATABASE,)), [], covers, unread=["the plan's action_invocations"])

    assert caught.value.details == ("the plan's action_invocations",)


TYPES = StatefulTypes("2026.12", frozenset({DATABASE}))


def test_what_holds_data_is_protected_by_the_engines_list_where_the_guard_says_so() -> None:
    lost = [change("aws_db_instance.main", Verb.REPLACE, "name"), change("aws_eip.one")]
    judge(Guard(), lost, covers, stateful=TYPES)
    with pytest.raises(GuardError) as caught:
        judge(Guard(stateful=True, ask="the data team"), lost, covers, stateful=TYPES)
    assert caught.value.message == (
        "The change would replace aws_db_instance.main, which holds data (Purveyor's list 2026.12);"
        " nothing was changed."
    )
    assert caught.value.details == ("aws_db_instance.main would be replaced, forced by name",)
    assert "ask the data team to" in caught.value.hint


@pytest.mark.parametrize(("most", "denied"), [(0, 2), (1, 2), (2, 0)])
def test_more_of_a_kind_at_once_than_the_limit_are_refused_together(most: int, denied: int) -> None:
    changes = [
        change("aws_eip.one"),
        change("aws_eip.two"),
        change("aws_eip.three", Verb.DELETE),
        dataclasses.replace(change("aws_eip.four", Verb.REPLACE), deposed=True),
    ]
    assert len(find_denied(Guard(limits={Verb.REPLACE: most}), changes, covers)) == denied


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("import", Change("aws_eip.a", "aws_eip", Verb.IMPORT)),
        ("deposed", Change("aws_eip.a", "aws_eip", Verb.DELETE, deposed=True)),
        ("public", Change("aws_eip.a", "aws_eip", Verb.UPDATE, opened_by=("acl",))),
    ],
)
def test_what_else_the_catalog_refuses_is_refused_and_nothing_more(
    kind: str, refused: Change
) -> None:
    usual = Change("aws_eip.b", "aws_eip", Verb.UPDATE)
    assert [*find_denied(Guard(refuse=frozenset({kind})), [usual, refused], covers)] == [refused]
    others = frozenset({"import", "deposed", "public", "action"}) - {kind}
    assert not find_denied(Guard(refuse=others), [usual, refused], covers)


def test_an_invoked_action_is_refused_where_the_catalog_says_so() -> None:
    with pytest.raises(GuardError, match="cannot read"):
        judge(Guard(refuse=frozenset({"action"})), [], covers, unread=["action_invocations"])

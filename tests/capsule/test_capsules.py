"""Capsules, a service's links and what never was, in a folder of records."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.backends.stores.local import FolderStore
from purveyor.entity import EntityRef
from purveyor.errors import RecoveryError
from purveyor.journal import Capsule, Capsules
from purveyor.journal.capsule import read_capsule, write_capsule

if TYPE_CHECKING:
    from pathlib import Path

LINK = Capsule(
    kind="link",
    entity="l-1",
    service="s-1",
    at=1700000000.25,
    slug="orders",
    variables={"username": "checkout", "limits": {"rows": 3}},
    withheld=("password",),
    outputs={"username": {"output": "username", "secret": False}},
)


@pytest.fixture
def capsules(tmp_path: Path) -> Capsules:
    return Capsules(FolderStore(tmp_path))


def test_a_capsule_comes_back_as_it_was_kept(capsules: Capsules) -> None:
    capsules.keep(LINK)
    assert capsules.read(EntityRef("link", "l-1")) == LINK
    assert capsules.read(EntityRef("service", "l-1")) is None


def test_a_capsule_of_a_later_version_can_be_read() -> None:
    later = json_text.parse(write_capsule(LINK))
    assert isinstance(later, dict)
    assert read_capsule(json_text.write({**later, "colour": "blue"})) == LINK


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "link"'])
def test_a_damaged_capsule_is_never_taken_for_none(text: str, tmp_path: Path) -> None:
    records = FolderStore(tmp_path)
    records.put("journal/entities/link/l-1/capsule.json", text)
    with pytest.raises(RecoveryError) as caught:
        Capsules(records).read(EntityRef("link", "l-1"))
    assert caught.value.reason == "STATE_UNREADABLE"


def test_a_link_counts_for_its_service_until_it_is_buried(capsules: Capsules) -> None:
    capsules.keep(LINK)
    capsules.keep(dataclasses.replace(LINK, entity="l-2"))
    capsules.keep(dataclasses.replace(LINK, entity="l-3", service="s-2"))
    assert capsules.built_links("s-1") == ("l-1", "l-2")
    capsules.bury(dataclasses.replace(LINK, deleted_at=1.0))
    assert capsules.built_links("s-1") == ("l-2",)
    buried = capsules.read(EntityRef("link", "l-1"))
    assert buried is not None
    assert buried.deleted_at == 1.0


def test_only_a_create_that_touched_nothing_proves_that_nothing_was_built(
    capsules: Capsules,
) -> None:
    assert not capsules.was_never_built(EntityRef("service", "s-1"))
    capsules.note_untouched(EntityRef("service", "s-1"), "a-1")
    assert capsules.was_never_built(EntityRef("service", "s-1"))
    capsules.note_begun(EntityRef("service", "s-1"), "a-2")
    assert not capsules.was_never_built(EntityRef("service", "s-1"))


def test_a_capsule_disproves_that_nothing_was_built(capsules: Capsules) -> None:
    capsules.note_untouched(EntityRef("link", "l-1"), "a-1")
    capsules.keep(LINK)
    assert not capsules.was_never_built(EntityRef("link", "l-1"))

"""A lost run leaves an entity in doubt, unless it certainly changed nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from purveyor.backends.folder_records import FolderRecords
from purveyor.journal import Begin, Capsules, Journal
from purveyor.run_identity import RunIdentity

if TYPE_CHECKING:
    from pathlib import Path

LOST = Begin(
    action="a-1",
    attempt=1,
    digest="d",
    kind="service",
    entity="s-1",
    service="s-1",
    operation="create",
    state_key="",
    identity=RunIdentity(ci="github", run="1", url="https://ci/1"),
    at=1.0,
)


@pytest.fixture
def records(tmp_path: Path) -> FolderRecords:
    return FolderRecords(tmp_path)


@pytest.fixture
def journal(records: FolderRecords) -> Journal:
    return Journal(records, lambda: 1.0)


def test_a_create_that_had_begun_to_change_leaves_a_doubt(
    journal: Journal, records: FolderRecords
) -> None:
    Capsules(records).note_begun("service", "s-1", "a-1")
    journal.doubt(LOST)
    assert journal.doubted("service", "s-1") == "https://ci/1"


@pytest.mark.parametrize("begun_by", ["", "a-0"])
def test_a_create_that_changed_nothing_leaves_none(
    journal: Journal, records: FolderRecords, begun_by: str
) -> None:
    if begun_by:
        Capsules(records).note_begun("service", "s-1", begun_by)
    journal.doubt(LOST)
    assert journal.doubted("service", "s-1") is None


@pytest.mark.parametrize(
    ("operation", "doubted"), [("update", True), ("delete", True), ("custom", False)]
)
def test_an_update_or_delete_always_leaves_one_and_a_custom_action_never(
    journal: Journal, operation: str, *, doubted: bool
) -> None:
    journal.doubt(dataclasses.replace(LOST, operation=operation))
    assert (journal.doubted("service", "s-1") is not None) == doubted


def test_a_doubt_is_settled_once_and_the_reason_is_kept(
    journal: Journal, records: FolderRecords
) -> None:
    journal.doubt(dataclasses.replace(LOST, operation="update"))
    assert journal.settle("service", "s-1", {"at": "now", "reason": "looked"})
    assert journal.doubted("service", "s-1") is None
    assert not journal.settle("service", "s-1", {"at": "later", "reason": "again"})
    (path,) = records.paths("journal/entities/service/s-1/settlements")
    assert "looked" in (records.read(path) or "")

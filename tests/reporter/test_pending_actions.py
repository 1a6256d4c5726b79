"""What is unfinished at a place: asked for with filters, and chosen from here all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor.action import Kind, Operation
from purveyor.reporter.pending_actions import UNFINISHED, EntityShown, PendingActions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject

NRN = "organization=1:account=2"


class Platform:
    """Answers with the same rows, whatever is asked."""

    def __init__(self, *rows: Any) -> None:
        self.rows = list(rows)

    def list_entities(self, kind: Kind, query: Mapping[str, str], **_: object) -> JsonObject:
        del kind, query
        return {"paging": {}, "results": self.rows}

    def list_actions(self, *_: object, **__: object) -> JsonObject:
        return {"results": self.rows}


def pending(*rows: Any) -> PendingActions:
    platform: Any = Platform(*rows)
    return PendingActions(platform)


def service(**changes: object) -> dict[str, object]:
    row = {"id": "s-1", "slug": "s", "status": "pending", "specification_id": "sp-1"}
    return {**row, "entity_nrn": f"{NRN}:namespace=3", "type": "dependency", **changes}


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, True),
        ({"entity_nrn": NRN}, True),
        ({"entity_nrn": "organization=1"}, False),
        ({"entity_nrn": "organization=1:account=22"}, False),
        ({"entity_nrn": None}, True),
        ({"status": "active"}, False),
        ({"status": "pending_create"}, False),
        ({"type": "scope"}, False),
        ({"type": None}, True),
        ({"id": "../../etc"}, False),
        ({"id": 7}, False),
        ({"specification_id": ""}, False),
    ],
)
def test_a_service_is_chosen_by_what_it_shows(changes: dict[str, object], *, shown: bool) -> None:
    found = list(pending(service(**changes)).entities(Kind.SERVICE, NRN, UNFINISHED))
    assert bool(found) is shown


def test_any_account_may_be_asked_for() -> None:
    anywhere = "organization=1:account=*"
    rows = [service(), service(id="s-2", entity_nrn="organization=2:account=2")]
    found = pending(*rows).entities(Kind.SERVICE, anywhere, UNFINISHED)
    assert [each.id for each in found] == ["s-1"]


@pytest.mark.parametrize(
    ("created", "updated", "since"),
    [
        ("1970-01-01T00:00:10Z", "1970-01-01T00:00:20.500Z", 20.5),
        ("1970-01-01T00:00:30+00:00", "1970-01-01T00:00:20Z", 30.0),
        ("1970-01-01T00:00:10", None, 10.0),
        (1_765_319_248_732, None, 1_765_319_248.732),
        (1_765_319_248, "?", 1_765_319_248.0),
        (None, "yesterday", None),
        (True, None, None),
    ],
)
def test_the_later_time_counts_and_an_unreadable_one_does_not(
    created: object, updated: object, since: float | None
) -> None:
    row = {"id": "a-1", "status": "pending", "created_at": created, "updated_at": updated}
    entity = EntityShown(Kind.SERVICE, "s-1", "s", "pending", "sp-1", "s-1")
    (found,) = pending(row).actions(entity)
    assert found.since == since


def test_actions_that_ended_or_wait_for_an_approval_are_left_out() -> None:
    words = ["pending", "in_progress", "pending_create", "success", "failed", "cancelled"]
    entity = EntityShown(Kind.SERVICE, "s-1", "s", "pending", "sp-1", "s-1")
    found = pending(*({"id": f"a-{word}", "status": word} for word in words)).actions(entity)
    assert [each.status for each in found] == ["pending", "in_progress"]


def test_an_operation_of_another_name_counts_as_custom() -> None:
    class Specifications(Platform):
        def read_action_specification(self, *_: object, **__: object) -> JsonObject:
            return {"type": "diagnose"}

    platform: Any = Specifications({"id": "a-1", "status": "pending"})
    asked = PendingActions(platform)
    entity = EntityShown(Kind.SERVICE, "s-1", "s", "pending", "sp-1", "s-1")
    (action,) = asked.actions(entity)
    assert asked.operation(action) is Operation.CUSTOM
    assert asked.requests == 3  # no total is told: a second page shows that the first was all

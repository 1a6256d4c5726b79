"""What a receiver missed is found on the platform, and stored as it was sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from missed_fixtures import DAY, NOWHERE, Searching, request, until

from purveyor import json_text
from purveyor.action import Kind
from purveyor.client import RetryPolicy
from purveyor.inbox.sqlite import SqliteInbox
from purveyor.receiver import missed
from purveyor_emulator import Emulator
from purveyor_emulator.records import ActionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from purveyor.inbox.model import Delivery


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator.running() as running:
        yield running


@pytest.fixture
def emulator(shared: Emulator) -> Emulator:
    shared.clear_faults()
    shared.platform.recorder.clear()
    shared.platform.notifications.channels.clear()
    shared.platform.notifications.sent.clear()
    shared.create_channel(NOWHERE)
    return shared


@pytest.fixture
def searching(emulator: Emulator, tmp_path: Path) -> Searching:
    return Searching(emulator, tmp_path)


def test_a_failed_delivery_is_stored_as_it_was_sent(searching: Searching) -> None:
    action = request(searching.emulator)
    bodies: list[bytes] = []

    class Kept(SqliteInbox):
        async def accept(self, delivery: Delivery) -> Any:
            bodies.append(delivery.body)
            return await super().accept(delivery)

    async def fetch() -> None:
        inbox = Kept(searching.folder / "inbox.db")
        await searching.search(inbox).fetch()
        await inbox.close()

    asyncio.run(fetch())
    [sent] = searching.emulator.platform.notifications.sent.values()
    assert [json_text.parse(each.decode()) for each in bodies] == [sent.envelope]
    [row] = searching.rows()
    assert (row.action_id, row.specification, row.operation) == (action, "sqs-queue", "create")
    assert row.entity.startswith("service/")


def test_what_was_missed_is_stored_the_oldest_first(searching: Searching) -> None:
    missed = [request(searching.emulator, ago=ago) for ago in (30, 7200, 600)]
    assert searching.fetch() == [missed[1], missed[2], missed[0]]


def test_what_the_inbox_has_is_not_stored_again(searching: Searching) -> None:
    action = request(searching.emulator)
    assert searching.fetch() == [action]
    searching.emulator.platform.recorder.clear()
    assert searching.fetch() == [action]
    # The list alone: nothing is asked about what the inbox knows.
    assert [each["path"] for each in searching.emulator.requests(method="GET")] == ["/notification"]
    assert searching.told == ["fetched"]


def test_a_resent_notification_is_one_action(searching: Searching) -> None:
    action = request(searching.emulator)
    [sent] = searching.emulator.platform.notifications.sent
    searching.emulator.resend(sent)
    searching.emulator.wait_for_deliveries()
    assert searching.fetch() == [action]


@pytest.mark.parametrize("status", [each for each in ActionStatus if each != "pending"])
def test_an_action_that_does_not_wait_is_left_alone(
    searching: Searching, status: ActionStatus
) -> None:
    action = request(searching.emulator)
    searching.emulator.platform.store.actions[action].status = status
    assert searching.fetch() == []


def test_an_action_that_was_withdrawn_is_left_alone(searching: Searching) -> None:
    searching.emulator.deny_action(request(searching.emulator))
    assert searching.fetch() == []
    assert searching.said == []


def test_what_the_catalog_does_not_serve_is_left_alone(searching: Searching) -> None:
    request(searching.emulator)
    assert searching.fetch(serves=lambda *_: False) == []
    assert len(searching.emulator.requests(method="GET")) == 1


def test_an_action_that_a_run_has_claimed_is_left_alone(searching: Searching) -> None:
    searching.claimed.add(request(searching.emulator))
    assert searching.fetch() == []


def test_a_link_is_asked_for_by_both_its_specifications(searching: Searching) -> None:
    emulator = searching.emulator
    service = str(emulator.create_service("mysql-database", status="active")["id"])
    link = str(emulator.create_link(service)["id"])
    envelope: Any = emulator.request_action(link, "create", {"username": "ann"})
    emulator.wait_for_deliveries()
    assert searching.fetch() == [envelope["notification"]["id"]]
    assert searching.rows()[0].entity == f"{Kind.LINK}/{link}"


def test_what_was_delivered_and_lost_is_found_when_it_may_be_under_way_no_more(
    searching: Searching,
) -> None:
    searching.emulator.platform.notifications.channels.clear()
    fresh, old = request(searching.emulator), request(searching.emulator, ago=65)
    assert searching.fetch() == [old]
    assert searching.emulator.action(fresh)["status"] == "pending"


def test_without_a_journal_only_failed_deliveries_are_fetched(searching: Searching) -> None:
    searching.emulator.platform.notifications.channels.clear()
    request(searching.emulator, ago=3600)
    searching.emulator.create_channel(NOWHERE)
    failed = request(searching.emulator, ago=3600)
    assert searching.fetch(is_claimed=None) == [failed]


@pytest.mark.parametrize("kind", ["github", "gitlab", "azure", "bitbucket", "agent"])
def test_what_a_pipeline_has_is_left_to_its_runner(searching: Searching, kind: str) -> None:
    request(searching.emulator)
    [sent] = searching.emulator.platform.notifications.sent.values()
    sent.deliveries.append({"channel_id": 2, "type": kind, "status": "success", "message": ""})
    assert searching.fetch() == []


def test_what_is_older_than_the_look_back_is_not_read(searching: Searching) -> None:
    request(searching.emulator, ago=8 * DAY)
    recent = request(searching.emulator, ago=DAY / 2)
    assert searching.fetch() == [recent]


def test_what_a_list_leaves_out_is_read_by_its_id(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The published page says of reading one event that it shows the payload; of the list, nothing.
    from purveyor.client import PlatformClient

    full = PlatformClient.list_notifications

    def bare(client: PlatformClient, query: Any, **more: Any) -> Any:
        page: Any = full(client, query, **more)
        for row in page["results"]:
            del row["notification"]
        return page

    monkeypatch.setattr(PlatformClient, "list_notifications", bare)
    action = request(searching.emulator)
    assert searching.fetch() == [action]
    assert searching.fetch() == [action]


def test_more_than_a_round_takes_is_fetched_in_the_next_one(
    searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "_MOST_ASKED", 3)
    wanted = [request(searching.emulator, ago=100 - number) for number in range(7)]
    assert searching.fetch() == wanted
    assert len(searching.emulator.requests(path="/notification", method="GET")) == 3 + 7


def test_a_list_of_many_pages_is_read_to_its_end(searching: Searching) -> None:
    [first, *_] = [request(searching.emulator, ago=900), request(searching.emulator)]
    sent = searching.emulator.platform.notifications.sent
    template = next(iter(sent.values()))
    for number in range(450):
        envelope = {**template.envelope, "id": f"copy-{number}"}
        sent[f"copy-{number}"] = type(template)(f"copy-{number}", template.nrn, envelope, "failed")
    assert searching.fetch()[0] == first
    lists = [e for e in searching.emulator.requests() if e["path"] == "/notification"]
    assert len(lists) == 3


def test_a_platform_that_does_not_sort_is_read_whole(searching: Searching) -> None:
    # 403 is its answer to a filter that it does not know, and it may not know `sort` here.
    searching.emulator.fault("status", status=403, path="/notification", count=1)
    actions = [request(searching.emulator, ago=ago) for ago in (8 * DAY, 3600, 60)]
    assert searching.fetch() == actions[1:]


@pytest.mark.parametrize("path", ["/notification", "/service/*", "/notification/*/result"])
def test_a_platform_that_is_away_is_asked_again(
    searching: Searching, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "_POLICY", RetryPolicy(total=0.2, read=0.2))
    action = request(searching.emulator)
    searching.emulator.fault("drop", path=path, count=-1)

    async def keep_fetching() -> None:
        inbox, stopping = SqliteInbox(searching.folder / "inbox.db"), asyncio.Event()
        task = asyncio.create_task(searching.search(inbox).keep_fetching(0.05, stopping))
        await until(lambda: bool(searching.said))
        searching.emulator.clear_faults()
        await until(lambda: "searched" in searching.told)
        stopping.set()
        await task
        await inbox.close()

    asyncio.run(asyncio.wait_for(keep_fetching(), 20))
    assert searching.said[0].startswith("what was missed is not known: ")
    assert searching.fetch() == [action]


def test_an_action_that_the_key_may_not_read_is_named_and_holds_up_no_other(
    searching: Searching,
) -> None:
    request(searching.emulator, ago=50)
    action = request(searching.emulator)
    searching.emulator.fault("status", status=403, path="/service/*/action/*", count=1)
    assert searching.fetch() == [action]
    assert "left alone" in searching.said[0]


def test_a_search_that_is_stopped_ends_soon(searching: Searching) -> None:
    async def stop() -> None:
        inbox, stopping = SqliteInbox(searching.folder / "inbox.db"), asyncio.Event()
        task = asyncio.create_task(searching.search(inbox).keep_fetching(3600, stopping))
        await until(lambda: "searched" in searching.told)
        stopping.set()
        await asyncio.wait_for(task, 2)
        await inbox.close()

    asyncio.run(stop())

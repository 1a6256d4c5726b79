"""Archiving, managed instances and approvals, by the platform's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor_emulator import Emulator
from purveyor_emulator.refusal import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from platform_client import PlatformClient

ACTIONS: Any = [{"slug": f"{word}-db", "type": word} for word in ("archive", "unarchive")]
TEXT: Any = {"type": "object", "properties": {"size": {"type": "string", "editableOn": ["update"]}}}
SEED: Any = {
    "specifications": [
        {
            "slug": "db",
            "attributes": TEXT,
            "actions": ACTIONS,
            "use_managed_actions": True,
            "links": [{"slug": "user", "actions": ACTIONS}],
        }
    ]
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with Emulator.running(seed=SEED) as emulator:
        yield emulator


@pytest.fixture
def service(emulator: Emulator) -> str:
    emulator.platform.store.entities.clear()
    return str(emulator.create_service("db", status="active")["id"])


def carry_out(emulator: Emulator, client: PlatformClient, entity: str, word: str) -> None:
    inner: Any = emulator.request_action(entity, word)["notification"]
    kind = "link" if inner["link"] else "service"
    path = f"/{kind}/{entity}/action/{inner['id']}"
    assert client.send("PATCH", path, {"status": "in_progress"}).status == 200
    began = emulator.entity(kind, entity)["status"]
    assert began == {"archive": "archiving", "unarchive": "updating"}[word]
    assert client.send("PATCH", path, {"status": "success"}).status == 200


def refused(emulator: Emulator, entity: str, word: str, **parameters: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        emulator.request_action(entity, word, parameters)
    return caught.value.message


def test_a_service_is_archived_after_its_links_and_comes_back_before_them(
    emulator: Emulator, client: PlatformClient, service: str
) -> None:
    link = str(emulator.create_link(service, "user", status="active")["id"])
    assert "links that are not archived" in refused(emulator, service, "archive")
    carry_out(emulator, client, link, "archive")
    carry_out(emulator, client, service, "archive")
    shown = emulator.entity("service", service)
    assert shown["status"] == "archived"
    assert shown["archived_at"]
    assert "is archived" in refused(emulator, service, "update")
    assert "needs an active service" in refused(emulator, link, "unarchive")
    carry_out(emulator, client, service, "unarchive")
    carry_out(emulator, client, link, "unarchive")
    shown = emulator.entity("service", service)
    assert (shown["status"], shown["archived_at"]) == ("active", None)


@pytest.mark.parametrize(
    ("status", "allowed"), [("failed", True), ("cancelled", True), ("pending", False)]
)
def test_only_some_can_be_archived(emulator: Emulator, status: str, *, allowed: bool) -> None:
    entity = str(emulator.create_service("db", status=status, dimensions={"s": status})["id"])
    if allowed:
        emulator.request_action(entity, "archive")
    else:
        assert "can be archived" in refused(emulator, entity, "archive")


def test_an_archive_request_carries_no_attributes(emulator: Emulator, service: str) -> None:
    assert "no attributes" in refused(emulator, service, "archive", size="1")


def test_nothing_is_created_beside_an_archived_twin(
    emulator: Emulator, client: PlatformClient, service: str
) -> None:
    carry_out(emulator, client, service, "archive")
    with pytest.raises(RefusedError, match="unarchive it"):
        emulator.create_service("db")
    emulator.create_service("db", dimensions={"environment": "other"})


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"attributes": {"size": "2"}}, "update"),
        ({"status": "archived"}, "archive"),
        (None, "delete"),
    ],
)
def test_a_change_of_a_managed_instance_becomes_an_action(
    emulator: Emulator, client: PlatformClient, service: str, body: Any, word: str
) -> None:
    sent = client.send("PATCH" if body else "DELETE", f"/service/{service}", body)
    assert sent.status == 200
    (action,) = client.send("GET", f"/service/{service}/action").body["results"]
    assert (action["type"], action["status"]) == (word, "pending")
    assert emulator.entity("service", service)["attributes"] == {}


def test_the_delete_of_a_link_is_answered_with_nothing(
    emulator: Emulator, client: PlatformClient, service: str
) -> None:
    link = emulator.create_link(service, "user", status="failed")["id"]
    assert client.send("DELETE", f"/link/{link}").status == 204


def test_an_action_that_is_denied_vanishes(
    emulator: Emulator, client: PlatformClient, service: str
) -> None:
    inner: Any = emulator.request_action(service, "update")["notification"]
    path = f"/service/{service}/action/{inner['id']}"
    emulator.park_action(inner["id"])
    assert client.send("GET", path).body["status"] == "pending_create"
    emulator.deny_action(inner["id"])
    assert client.send("GET", path).status == 404


def test_a_status_brings_a_managed_instance_back_by_an_action(
    emulator: Emulator, client: PlatformClient, service: str
) -> None:
    carry_out(emulator, client, service, "archive")
    assert client.send("PATCH", f"/service/{service}", {"status": "active"}).status == 200
    actions = client.send("GET", f"/service/{service}/action").body["results"]
    assert [each["type"] for each in actions] == ["archive", "unarchive"]
    assert emulator.entity("service", service)["status"] == "archived"


def test_an_archive_action_that_is_not_managed_takes_the_place_of_the_status(
    emulator: Emulator, client: PlatformClient, service: str
) -> None:
    link = emulator.create_link(service, "user", status="active")["id"]
    sent = client.send("PATCH", f"/link/{link}", {"status": "archived"})
    assert (sent.status, "archive action" in sent.body["message"]) == (400, True)


def emulator_shows(emulator: Emulator, service: str) -> tuple[Any, Any]:
    shown = emulator.entity("service", service)
    return shown["status"], shown["archived_at"]


def test_a_status_alone_archives_and_restores_where_no_action_does() -> None:
    with Emulator.running(seed={"specifications": [{"slug": "db", "attributes": TEXT}]}) as plain:
        store = plain.platform.store
        entity = store.any_entity(str(plain.create_service("db", status="active")["id"]))
        store.change_entity(entity, {"status": "archived"})
        assert emulator_shows(plain, entity.id)[1]
        with pytest.raises(RefusedError, match="no attributes"):
            store.change_entity(entity, {"status": "active", "attributes": {"size": "1"}})
        store.change_entity(entity, {"status": "active"})
        assert emulator_shows(plain, entity.id) == ("active", None)

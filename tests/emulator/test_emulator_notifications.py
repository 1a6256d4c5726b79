"""What the emulator sends, to whom, and again."""

from __future__ import annotations

import contextlib
import http.server
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from platform_client import PlatformClient

    from purveyor_emulator import Emulator


class Webhook(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted; answers with the status that the path ends in."""

    received: ClassVar[list[tuple[dict[str, str], Any]]]

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received.append((headers, json_text.parse(text)))
        self.send_response(int(self.path[1:]))
        self.send_header("location", "/200")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def webhook() -> Iterator[tuple[str, list[tuple[dict[str, str], Any]]]]:
    kind = type("Kept", (Webhook,), {"received": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", kind.received  # type: ignore[attr-defined] # type() cannot say what it made
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _no_channels(emulator: Emulator) -> None:
    emulator.platform.notifications.channels.clear()


def create(emulator: Emulator) -> Any:
    service = emulator.create_service(dimensions={"environment": "dev"})
    return emulator.request_action(str(service["id"]), "create", {"queue_name": "q"})


def test_a_first_create_carries_parameters_and_no_attributes(emulator: Emulator) -> None:
    envelope = create(emulator)
    inner = envelope["notification"]
    assert (envelope["source"], envelope["event"]) == ("service", "service:action:create")
    assert (inner["type"], inner["status"], inner["results"]) == ("create", "pending", {})
    assert inner["parameters"] == {"queue_name": "q"}
    assert inner["service"]["attributes"] == {}
    assert inner["service"]["specification"]["slug"] == "sqs-queue"
    assert inner["service"]["dimensions"] == {"environment": "dev"}
    assert inner["link"] is None
    assert inner["tags"]["application_id"] == "4004"
    assert inner["tags"]["application"] == "checkout"
    assert inner["entity_nrn"].endswith("namespace=4003:application=4004")
    assert not {"name", "nrn", "status"} & set(inner["service"])


def test_an_update_carries_attributes_without_secrets(emulator: Emulator) -> None:
    attributes: Any = {"database_name": "orders", "password": "geheim"}
    service = emulator.create_service("mysql-database", status="active", attributes=attributes)
    envelope: Any = emulator.request_action(str(service["id"]), "update", {"storage_gb": 50})
    found = envelope["notification"]["service"]["attributes"]
    assert found == {"database_name": "orders", "password": None}


def test_a_link_s_notification_holds_link_and_service(emulator: Emulator) -> None:
    service = emulator.create_service("mysql-database", status="active")
    link = emulator.create_link(str(service["id"]), name="Reports")
    envelope: Any = emulator.request_action(str(link["id"]), "create", {"username": "ann"})
    inner = envelope["notification"]
    assert (envelope["event"], inner["action"]) == ("service:action:create",) * 2
    assert (inner["link"]["id"], inner["link"]["slug"]) == (link["id"], "reports")
    assert inner["link"]["specification"]["slug"] == "database-user"
    assert inner["service"]["id"] == service["id"]


def test_an_http_channel_gets_the_envelope_with_its_headers(
    emulator: Emulator, client: PlatformClient
) -> None:
    with webhook() as (url, received):
        configuration = {"url": f"{url}/202", "headers": {"authorization": "geheim"}}
        channel = {"type": "http", "source": ["service"], "configuration": configuration}
        assert client.send("POST", "/notification/channel", channel).status == 200
        envelope = create(emulator)
        emulator.wait_for_deliveries()
    [(headers, body)] = received
    assert body == envelope
    assert (headers["np-source"], headers["np-event"]) == ("service", "service:action:create")
    assert headers["authorization"] == "geheim"
    assert client.send("GET", f"/notification/{envelope['id']}").body["status"] == "success"


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_delivery_that_is_not_accepted_is_a_failed_one(
    emulator: Emulator, client: PlatformClient, status: int
) -> None:
    with webhook() as (url, received):
        emulator.create_channel(f"{url}/{status}")
        envelope = create(emulator)
        emulator.wait_for_deliveries()
    assert len(received) == 1
    assert client.send("GET", f"/notification/{envelope['id']}").body["status"] == "failed"
    [row] = client.send("GET", f"/notification/{envelope['id']}/result").body["results"]
    assert row["message"] == f"HTTP {status}"


def test_a_channel_that_is_gone_is_a_failed_delivery(
    emulator: Emulator, client: PlatformClient
) -> None:
    with webhook() as (url, _):
        pass
    emulator.create_channel(f"{url}/200")
    envelope = create(emulator)
    emulator.wait_for_deliveries()
    assert client.send("GET", f"/notification/{envelope['id']}").body["status"] == "failed"


def test_failed_deliveries_are_listed_the_newest_one_first(
    emulator: Emulator, client: PlatformClient
) -> None:
    with webhook() as (url, _):
        accepting = emulator.create_channel(f"{url}/200")
        taken = create(emulator)
        emulator.wait_for_deliveries()
        refusing = emulator.create_channel(f"{url}/503")
        missed = [create(emulator), create(emulator)]
        emulator.wait_for_deliveries()
    query = f"nrn={emulator.nrn}&source=service&status=failed&sort=created_at:desc&limit=200"
    rows = client.send("GET", f"/notification?{query}").body["results"]
    times = [each["created_at"] for each in rows]
    assert times == sorted(times, reverse=True)
    listed = {each["id"]: each["notification"] for each in rows}
    assert taken["id"] not in listed
    assert [listed[each["id"]] for each in missed] == [each["notification"] for each in missed]
    results = client.send("GET", f"/notification/{missed[0]['id']}/result").body["results"]
    assert [(row["channel_id"], row["type"], row["status"]) for row in results] == [
        (accepting, "http", "success"),
        (refusing, "http", "failed"),
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"filters": {"service.specification.slug": {"$in": ["sqs-queue"]}}}, True),
        ({"filters": {"service.specification.slug": {"$nin": ["sqs-queue"]}}}, False),
        ({"status": "inactive"}, False),
        ({"source": ["approval"]}, False),
        ({"nrn": "organization=4001:account=4002"}, True),
        ({"nrn": "organization=400"}, False),
    ],
)
def test_a_channel_is_told_what_it_asks_for(
    emulator: Emulator, fields: dict[str, Any], *, told: bool
) -> None:
    with webhook() as (url, received):
        emulator.create_channel(f"{url}/200", **fields)
        create(emulator)
        emulator.wait_for_deliveries()
    assert bool(received) is told


def test_a_resend_is_the_old_payload_in_a_new_envelope(
    emulator: Emulator, client: PlatformClient
) -> None:
    first = create(emulator)
    inner = first["notification"]
    path = f"/service/{inner['service']['id']}/action/{inner['id']}"
    client.send("PATCH", path, {"status": "success"})
    again = client.send("POST", f"/notification/{first['id']}/resend", {}).body
    assert again["id"] != first["id"]
    assert again["notification"] == inner
    assert again["notification"]["status"] == "pending"


def test_what_was_sent_does_not_change_with_what_a_test_holds(
    emulator: Emulator, client: PlatformClient
) -> None:
    tags: Any = {"team": "one"}
    service = str(emulator.create_service()["id"])
    envelope: Any = emulator.request_action(service, "create", {"queue_name": "q", "tags": tags})
    tags["team"] = "two"
    envelope["notification"]["parameters"]["queue_name"] = "other"
    sent = client.send("GET", f"/notification/{envelope['id']}").body["notification"]
    assert sent["parameters"] == {"queue_name": "q", "tags": {"team": "one"}}


def test_what_was_sent_does_not_change_with_the_service(
    emulator: Emulator, client: PlatformClient
) -> None:
    service = str(emulator.create_service(attributes={"queue_name": "q"}, status="active")["id"])
    envelope: Any = emulator.request_action(service, "update")
    client.send("PATCH", f"/service/{service}", {"attributes": {"queue_url": "https://q"}})
    sent = client.send("GET", f"/notification/{envelope['id']}").body["notification"]
    assert sent["service"]["attributes"] == {"queue_name": "q"}


def test_a_resend_can_name_its_channels(emulator: Emulator, client: PlatformClient) -> None:
    with webhook() as (url, received):
        envelope = create(emulator)
        emulator.create_channel(f"{url}/200", headers={"who": "one"})
        two = emulator.create_channel(f"{url}/200", headers={"who": "two"})
        client.send("POST", f"/notification/{envelope['id']}/resend", {"channel_ids": [two]})
        emulator.wait_for_deliveries()
    assert [headers["who"] for headers, _ in received] == ["two"]


def test_channels_are_changed_in_part_and_removed(client: PlatformClient) -> None:
    body = {
        "type": "gitlab",
        "description": "pipelines",
        "configuration": {"project_id": "4711", "reference": "main"},
    }
    made = client.send("POST", "/notification/channel", body).body
    path = f"/notification/channel/{made['id']}"
    changed = client.send("PATCH", path, {"status": "inactive", "source": ["service", "audit"]})
    assert changed.body == {**made, "status": "inactive", "source": ["service", "audit"]}
    listed = client.send("GET", f"/notification/channel?type=gitlab&nrn={made['nrn']}").body
    assert listed["results"] == [changed.body]
    client.send("DELETE", path)
    assert client.send("GET", path).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "pigeon"},
        {"configuration": {}},
        {"configuration": {"url": "file:///etc/passwd"}},
        {"filters": {"type": {"$where": "1"}}},
        {"description": "x" * 65},
    ],
)
def test_a_bad_channel_is_refused(client: PlatformClient, fields: dict[str, Any]) -> None:
    body = {"type": "http", "configuration": {"url": "http://127.0.0.1:1"}, **fields}
    assert client.send("POST", "/notification/channel", body).status == 400
    assert client.send("GET", "/notification/channel").body["results"] == []


def test_an_action_asked_for_over_http_is_announced(
    emulator: Emulator, client: PlatformClient
) -> None:
    service = emulator.create_service()
    body = {
        "name": "create-it",
        "specification_id": "create-sqs-queue",
        "parameters": {"queue_name": "q"},
    }
    action = client.send("POST", f"/service/{service['id']}/action", body).body
    sent = client.send("GET", "/notification?limit=200").body["results"]
    assert action["id"] in [each["notification"]["id"] for each in sent]

"""The emulator's channels to CIs: what they must have, and what is sent where."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text
from purveyor_emulator import Emulator
from vendor_double import VendorDouble, vendor_double

if TYPE_CHECKING:
    from collections.abc import Iterator

    from platform_client import PlatformClient

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "github": {
        "account": "acme",
        "repository": "catalog",
        "reference": "main",
        "workflow_id": "provision.yml",
        "installation_id": "12345678",
    },
    "gitlab": {"project_id": "4711", "reference": "main"},
    "azure": {
        "organization": "acme",
        "project": "infra structure",
        "pipeline_id": 7,
        "reference": "main",
    },
}
PLACES = {
    "github": "/repos/acme/catalog/actions/workflows/provision.yml/dispatches",
    "gitlab": "/projects/4711/pipeline",
    "azure": "/acme/infra%20structure/_apis/pipelines/7/runs?api-version=7.1",
}
LOGINS = {
    "github": ("authorization", "Bearer geheim"),
    "gitlab": ("private-token", "geheim"),
    "azure": ("authorization", f"Basic {base64.b64encode(b':geheim').decode()}"),
}


@pytest.fixture
def double(emulator: Emulator) -> Iterator[VendorDouble]:
    with vendor_double() as found:
        for vendor in CONFIGURATIONS:
            emulator.deliver_to(vendor, found.url, "geheim")
        yield found
    emulator.platform.notifications.vendors.clear()
    emulator.platform.notifications.channels.clear()


def channel(kind: str, **changed: Any) -> dict[str, Any]:
    configuration = {**CONFIGURATIONS[kind], **changed}
    return {"type": kind, "source": ["service"], "configuration": configuration}


def press(emulator: Emulator) -> Any:
    service = emulator.create_service()
    envelope = emulator.request_action(str(service["id"]), "create", {"queue_name": '$(q) "x"'})
    emulator.wait_for_deliveries()
    return envelope


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_ci_is_asked_for_a_run_with_the_whole_envelope(
    emulator: Emulator, client: PlatformClient, double: VendorDouble, kind: str
) -> None:
    number = client.send("POST", "/notification/channel", channel(kind)).body["id"]
    envelope = press(emulator)
    [start] = double.starts
    assert (start.vendor, start.path) == (kind, PLACES[kind])
    assert json_text.parse(start.context) == envelope
    name, value = LOGINS[kind]
    assert start.headers[name] == value
    [row] = client.send("GET", f"/notification/{envelope['id']}/result").body["results"]
    assert (row["channel_id"], row["type"], row["status"]) == (number, kind, "success")


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_ci_that_refuses_makes_a_failed_delivery(
    emulator: Emulator, client: PlatformClient, double: VendorDouble, kind: str
) -> None:
    client.send("POST", "/notification/channel", channel(kind))
    double.refuse = 403
    envelope = press(emulator)
    [row] = client.send("GET", f"/notification/{envelope['id']}/result").body["results"]
    assert (row["status"], row["message"]) == ("failed", "HTTP 403")


def test_a_ci_without_an_address_is_skipped(emulator: Emulator, client: PlatformClient) -> None:
    client.send("POST", "/notification/channel", channel("gitlab"))
    envelope = press(emulator)
    emulator.platform.notifications.channels.clear()
    [row] = client.send("GET", f"/notification/{envelope['id']}/result").body["results"]
    assert row["status"] == "skipped"


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, each in CONFIGURATIONS.items() for name in each],
)
def test_what_a_type_must_have_is_asked_for(client: PlatformClient, kind: str, name: str) -> None:
    answer = client.send("POST", "/notification/channel", channel(kind, **{name: None}))
    assert (answer.status, name in answer.body["message"]) == (400, True)


def test_a_seed_names_where_cis_are() -> None:
    seed: Any = {
        "specifications": [{"slug": "sqs-queue"}],
        "vendors": {"gitlab": {"address": "http://127.0.0.1:1/api/v4/", "token": "geheim"}},
    }
    with Emulator.running(seed=seed) as emulator:
        found = emulator.platform.notifications.vendors["gitlab"]
    assert (found.address, found.token) == ("http://127.0.0.1:1/api/v4", "geheim")
    assert "geheim" not in repr(found)


def test_notifications_of_a_place_and_below_are_shown(
    emulator: Emulator, client: PlatformClient
) -> None:
    envelope = press(emulator)
    path = "/notification?nrn=organization=4001:account={}&sort=created_at:desc{}"
    for further in ("", "&showDescendants=true"):
        shown = client.send("GET", path.format(4002, further)).body["results"]
        assert shown[0]["id"] == envelope["id"]
        assert client.send("GET", path.format(4003, further)).body["results"] == []

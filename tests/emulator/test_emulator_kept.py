"""What the platform keeps as it comes: traces, API keys, artifacts and packages."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from purveyor import json_text

if TYPE_CHECKING:
    from platform_client import PlatformClient

    from purveyor_emulator import Emulator

RUNNER = "nullplatform:services-runner-terraform"


def event(**fields: Any) -> Any:
    fresh = f"019388a0-0000-7000-8000-{uuid.uuid4().hex[:12]}"
    data = {"trace_id": "t", "run_id": "r", "status": "started", "facets": {}}
    envelope = {"id": fresh, "time": "2026-12-01T00:00:00Z", "type": "node.run"}
    return {**envelope, "producer": "purveyor@1", "data": data, **fields}


def test_an_event_is_taken_once(client: PlatformClient, emulator: Emulator) -> None:
    sent = event()
    assert [client.send("POST", "/tracing/events", sent).status for _ in range(2)] == [201, 200]
    assert [each for each in emulator.traces() if each["id"] == sent["id"]] == [sent]
    assert sent in client.send("GET", "/emulator/view").body["traces"]


@pytest.mark.parametrize(
    "fault",
    [
        {"id": "6f1c1b1e-0000-4000-8000-000000000000"},
        {"type": "node.flight"},
        {"producer": None},
        {"data": {"trace_id": "t", "run_id": "r", "status": "flying"}},
        {"data": {"run_id": "r", "status": "started"}},
    ],
    ids=str,
)
def test_an_event_that_is_no_event_is_refused(
    client: PlatformClient, emulator: Emulator, fault: Any
) -> None:
    before = emulator.traces()
    assert client.send("POST", "/tracing/events", event(**fault)).status == 400
    assert emulator.traces() == before


def test_an_event_wants_a_token(client: PlatformClient) -> None:
    client.token = ""
    assert client.send("POST", "/tracing/events", event()).status == 401


def key(client: PlatformClient, **grant: Any) -> Any:
    grants = [{"nrn": "organization=4001", **grant}]
    return client.send("POST", "/api_key", {"name": "runner", "grants": grants})


def test_the_emulator_s_own_key_has_the_role_of_a_pipeline(client: PlatformClient) -> None:
    [own] = client.send("GET", "/api_key?name=emulated").body["results"]
    assert [grant["role_slug"] for grant in own["grants"]] == [RUNNER]
    assert [grant["role_id"] for grant in own["grants"]] == [650969136]


def test_a_key_is_shown_once_and_logs_in_until_it_is_deleted(client: PlatformClient) -> None:
    made = key(client, role_slug=RUNNER)
    assert made.status == 201
    value, one = made.body["api_key"], f"/api_key/{made.body['id']}"
    shown = client.send("GET", one).body
    assert shown["grants"] == made.body["grants"]
    assert value not in json_text.write(shown)
    assert value not in client.send("GET", "/api_key").text
    assert client.send("POST", "/token", {"apikey": value}).status == 200
    assert client.send("DELETE", one).status == 204
    assert client.send("GET", one).status == 404
    assert client.send("POST", "/token", {"apikey": value}).status == 401


def test_a_grant_wants_a_role(client: PlatformClient) -> None:
    assert key(client).status == 400
    assert key(client, role_slug="").status == 400


def test_a_key_s_grants_change(client: PlatformClient) -> None:
    one = f"/api_key/{key(client, role_slug=RUNNER).body['id']}"
    grants = [{"nrn": "organization=4001", "role_slug": "ops"}]
    assert client.send("PATCH", one, {"grants": grants}).body["grants"] == grants
    assert client.send("PATCH", one, {"grants": []}).status == 400
    assert client.send("GET", one).body["grants"] == grants


def artifact(client: PlatformClient, reference: str) -> Any:
    meta = {"url": "https://example.com/catalog.git", "reference": reference}
    body = {"nrn": "organization=4001", "type": "git_repository", "meta": meta}
    return client.send("POST", "/artifacts", body)


def test_an_artifact_is_registered_once_a_revision(client: PlatformClient) -> None:
    first, again, other = (artifact(client, each) for each in ("1" * 40, "1" * 40, "2" * 40))
    assert (first.status, again.status, other.status) == (201, 200, 201)
    assert first.body == again.body
    assert first.body["resource_id"] == other.body["resource_id"]
    assert first.body["resource_revision_id"] != other.body["resource_revision_id"]
    one = f"/artifact_revision/{first.body['resource_revision_id']}"
    assert client.send("GET", one).body["meta"]["reference"] == "1" * 40


def publish(client: PlatformClient, slug: str, version: str, pinned: str, **more: Any) -> Any:
    part = {"name": "spec", "resource_type": "service_specification", "resource_id": "s"}
    body = {"nrn": "organization=4001", "slug": slug, "version": version, **more}
    components = [{**part, "resource_revision_id": pinned}]
    return client.send("PUT", "/packages", {**body, "components": components})


def test_a_package_is_published_once_a_version(client: PlatformClient) -> None:
    first, again = (publish(client, "queues", "1.0.0", "a") for _ in range(2))
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert first.body["default_version"] == first.body["latest_version"] == "1.0.0"
    [found] = client.send("GET", "/packages?nrn=organization=4001&slug=queues").body["results"]
    assert found == client.send("GET", f"/packages/{found['id']}").body == first.body
    assert client.send("DELETE", f"/packages/{found['id']}").status == 204
    assert client.send("GET", f"/packages/{found['id']}").status == 404


def test_a_published_version_never_changes(client: PlatformClient) -> None:
    publish(client, "fixed", "1.0.0", "a")
    refused = publish(client, "fixed", "1.0.0", "b")
    assert (refused.status, "1.0.0" in refused.body["message"]) == (400, True)


def test_the_first_version_stays_the_default_until_another_is_named(
    client: PlatformClient,
) -> None:
    publish(client, "moved", "1.0.0", "a")
    second = publish(client, "moved", "1.1.0", "b").body
    assert (second["default_version"], second["latest_version"]) == ("1.0.0", "1.1.0")
    assert second["components"][0]["resource_revision_id"] == "a"
    third = publish(client, "moved", "1.2.0", "c", default=True).body
    assert (third["default_version"], third["latest_version"]) == ("1.2.0", "1.2.0")
    assert third["components"][0]["resource_revision_id"] == "c"


@pytest.mark.parametrize("path", ["/api_key", "/packages", "/artifact_revision"])
def test_what_was_never_kept_is_not_found(client: PlatformClient, path: str) -> None:
    assert client.send("GET", f"{path}/nowhere").status == 404

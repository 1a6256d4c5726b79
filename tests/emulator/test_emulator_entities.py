"""Services, links and specifications over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from platform_client import PlatformClient

    from purveyor_emulator import Emulator


QUEUE: Any = {"queue_name": "orders"}


def specification(client: PlatformClient, kind: str, slug: str) -> Any:
    found = client.send("GET", f"/{kind}_specification?slug={slug}").body["results"]
    assert len(found) == 1
    return found[0]


def test_a_service_is_created_pending_by_its_specification_s_id(client: PlatformClient) -> None:
    known = specification(client, "service", "sqs-queue")
    made = client.send("POST", "/service", {"name": "My Queue", "specification_id": known["id"]})
    assert made.status == 200
    assert client.send("GET", f"/service/{made.body['id']}").body == made.body
    assert (made.body["slug"], made.body["status"]) == ("my-queue", "pending")


def test_a_link_belongs_to_a_service_of_its_specification(
    emulator: Emulator, client: PlatformClient
) -> None:
    known = specification(client, "link", "database-user")
    database, queue = emulator.create_service("mysql-database"), emulator.create_service()
    body = {"name": "reports", "specification_id": known["id"]}
    made = client.send("POST", "/link", {**body, "service_id": database["id"]})
    assert (made.status, made.body["service_id"]) == (200, database["id"])
    assert client.send("POST", "/link", {**body, "service_id": queue["id"]}).status == 400
    assert client.send("POST", "/link", {**body, "service_id": "nowhere"}).status == 404


def test_a_patch_of_attributes_merges_at_top_level(
    emulator: Emulator, client: PlatformClient
) -> None:
    attributes: Any = {"queue_name": "q", "tags": {"a": "1", "b": "2"}}
    service = emulator.create_service(attributes=attributes, status="active")
    path = f"/service/{service['id']}"
    client.send("PATCH", path, {"attributes": {"tags": {"c": "3"}}})
    assert client.send("GET", path).body["attributes"] == {"queue_name": "q", "tags": {"c": "3"}}


@pytest.mark.parametrize(
    "body",
    [
        {"attributes": {"queue_url": 1}},
        {"attributes": {"unheard_of": "x"}},
        {"status": "activ"},
        {"dimensions": {"environment": 1}},
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing(
    emulator: Emulator, client: PlatformClient, body: dict[str, Any]
) -> None:
    service = emulator.create_service()
    answer = client.send("PATCH", f"/service/{service['id']}", {"name": "other", **body})
    assert (answer.status, answer.body["code"]) == (400, "FST_ERR_VALIDATION")
    assert emulator.entity("service", str(service["id"])) == service


def test_only_a_failed_service_can_be_removed(emulator: Emulator, client: PlatformClient) -> None:
    path = f"/service/{emulator.create_service(status='active')['id']}"
    refused = client.send("DELETE", path)
    assert refused.status == 403
    assert set(refused.body) == {"message", "id"}
    client.send("PATCH", path, {"status": "failed"})
    assert client.send("DELETE", path).status == 200
    assert client.send("GET", path).status == 404


def test_force_removes_any_service_but_one_with_links(
    emulator: Emulator, client: PlatformClient
) -> None:
    service = emulator.create_service("mysql-database", status="active")
    link = emulator.create_link(str(service["id"]))
    path = f"/service/{service['id']}?force=true"
    assert client.send("DELETE", path).status == 403
    assert client.send("DELETE", f"/link/{link['id']}?force=true").status == 204
    assert client.send("DELETE", path).status == 200


def test_kinds_are_not_mixed_up(emulator: Emulator, client: PlatformClient) -> None:
    service = emulator.create_service("mysql-database")
    assert client.send("GET", f"/link/{service['id']}").status == 404


def test_an_action_specification_is_read_by_id_and_listed_under_its_parent(
    client: PlatformClient,
) -> None:
    known = specification(client, "link", "database-user")
    path = f"/link_specification/{known['id']}/action_specification"
    rows = client.send("GET", path).body["results"]
    assert {each["slug"]: each["type"] for each in rows} == {
        "create-database-user": "create",
        "update-database-user": "update",
        "delete-database-user": "delete",
        "get-credentials": "custom",
    }
    again = client.send("GET", f"/action_specification?link_specification_id={known['id']}").body
    assert again["results"] == rows
    assert client.send("GET", f"/action_specification/{rows[0]['id']}").body == rows[0]


def test_default_actions_offer_what_is_editable_then(client: PlatformClient) -> None:
    known = specification(client, "service", "mysql-database")
    path = f"/service_specification/{known['id']}/action_specification"
    rows = {each["type"]: each for each in client.send("GET", path).body["results"]}
    offered = {kind: set(row["parameters"]["schema"]["properties"]) for kind, row in rows.items()}
    assert offered == {
        "create": {"database_name", "storage_gb", "engine_version", "backups"},
        "update": {"database_name", "storage_gb", "engine_version", "backups"},
        "delete": set(),
    }
    assert rows["create"]["parameters"]["schema"]["required"] == ["database_name"]
    assert "endpoint" in rows["create"]["results"]["schema"]["properties"]


def test_link_specifications_are_listed_under_their_service_specification(
    client: PlatformClient,
) -> None:
    known = specification(client, "service", "mysql-database")
    rows = client.send("GET", f"/service_specification/{known['id']}/link_specification").body
    assert [each["slug"] for each in rows["results"]] == ["database-user"]


def test_lists_come_in_pages(emulator: Emulator, client: PlatformClient) -> None:
    for name in ("c", "a", "b"):
        emulator.create_service(name=name, status="updating")
    path = "/service?status=updating&sort=name:desc&limit=2"
    first = client.send("GET", path).body
    assert first["paging"] == {"offset": 0, "limit": 2, "total": 3}
    rest = client.send("GET", f"{path}&offset=2").body
    assert [each["name"] for each in (*first["results"], *rest["results"])] == ["c", "b", "a"]


def test_a_limit_of_zero_and_an_unknown_filter_are_refused(client: PlatformClient) -> None:
    zero = client.send("GET", "/service?limit=0")
    assert (zero.status, zero.body["message"]) == (400, "querystring/limit must be >= 1")
    assert client.send("GET", "/service?application_id=1").status == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("nrn=organization=9:account=12", ["above", "own"]),
        ("nrn=organization=9:account=12&show_descendants=true", ["above", "below", "own"]),
        ("nrn=organization=9", ["above"]),
        ("nrn=organization=9:account=*", ["above", "below", "own"]),
        ("nrn=organization=9:account=1", ["above"]),
        ("nrn=organization=8", []),
    ],
)
def test_a_place_shows_its_services_those_above_and_those_below_when_asked(
    emulator: Emulator, client: PlatformClient, query: str, found: list[str]
) -> None:
    account = "organization=9:account=12"
    made = {}
    for name, nrn in [
        ("above", "organization=9"),
        ("own", account),
        ("below", f"{account}:namespace=3"),
    ]:
        made[emulator.create_service(entity_nrn=nrn)["id"]] = name
    rows = client.send("GET", f"/service?{query}&limit=200").body["results"]
    assert sorted(made[each["id"]] for each in rows if each["id"] in made) == found


def test_a_place_shows_the_links_of_places_below_only_when_asked(
    emulator: Emulator, client: PlatformClient
) -> None:
    service = emulator.create_service("mysql-database")
    link = emulator.create_link(
        str(service["id"]), entity_nrn="organization=9:application=1:scope=7"
    )
    path = "/link?nrn=organization=9:application=1"
    assert client.send("GET", path).body["results"] == []
    shown = client.send("GET", f"{path}&show_descendants=true").body["results"]
    assert [each["id"] for each in shown] == [link["id"]]


def test_statuses_are_asked_for_in_a_comma_list_of_which_ten_count(
    emulator: Emulator, client: PlatformClient
) -> None:
    emulator.create_service(status="creating")
    for words, shown in [("failed,creating", True), (",".join("x" * 10) + ",creating", False)]:
        rows = client.send("GET", f"/service?status={words}").body["results"]
        assert bool(rows) is shown


def test_an_action_that_was_aged_shows_older_times(emulator: Emulator) -> None:
    asked = emulator.request_action(str(emulator.create_service()["id"]), "create", QUEUE)
    inner: Any = asked["notification"]
    before: Any = emulator.action(inner["id"])
    emulator.age_action(inner["id"], 7200)
    after: Any = emulator.action(inner["id"])
    for name in ("created_at", "updated_at"):
        times = [datetime.fromisoformat(each[name]) for each in (before, after)]
        assert times[0] - times[1] == timedelta(hours=2)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("PUT", "/service_specification"), ("POST", "/service/x/action/y")],
)
def test_an_unknown_route_is_not_found(client: PlatformClient, method: str, path: str) -> None:
    answer = client.send(method, path)
    assert answer.status == 404
    assert set(answer.body) == {"message", "id"}


@pytest.mark.parametrize("text", ["{", '{"a":1,"a":2}', "[]", "NaN"])
def test_a_body_that_is_no_object_is_refused(client: PlatformClient, text: str) -> None:
    answer = client.send("POST", "/service", content=text)
    assert (answer.status, answer.body["code"]) == (400, "FST_ERR_VALIDATION")


def test_a_body_of_more_than_a_mebibyte_is_refused(client: PlatformClient) -> None:
    answer = client.send("POST", "/service", {"name": "x" * (1 << 20)})
    assert (answer.status, answer.body["code"]) == (413, "FST_ERR_CTP_BODY_TOO_LARGE")

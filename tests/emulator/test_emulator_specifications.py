"""Specifications that are written, as nullplatform's Terraform provider writes them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from platform_client import PlatformClient

    from purveyor_emulator import Emulator

SELECTORS = {"category": "Queue", "imported": False, "provider": "AWS", "sub_category": "SQS"}
SIZE = {"type": "object", "properties": {"size": {"type": "integer", "editableOn": ["create"]}}}


def body(**fields: Any) -> Any:
    name = f"Store {uuid.uuid4().hex[:8]}"
    return {"name": name, "visible_to": ["organization=4001"], "selectors": SELECTORS, **fields}


def made(client: PlatformClient, **fields: Any) -> Any:
    answer = client.send("POST", "/service_specification", body(**fields))
    assert answer.status == 201, answer.body
    return answer.body


def path(known: Any, more: str = "") -> str:
    return f"/service_specification/{known['id']}{more}"


def actions(client: PlatformClient, known: Any) -> Any:
    return client.send("GET", path(known, "/action_specification")).body["results"]


def newest_snapshot(client: PlatformClient, where: str) -> Any:
    rows = client.send("GET", f"{where}/snapshots").body["results"]
    return max(rows, key=lambda row: row["sequence_number"])["id"]


def test_a_specification_that_was_written_is_shown_as_written(client: PlatformClient) -> None:
    given = body(attributes={"schema": SIZE, "values": {}}, description="Where things go")
    known = client.send("POST", "/service_specification", given).body
    assert given.items() <= known.items()
    assert known["slug"] == given["name"].lower().replace(" ", "-")
    assert known["type"] == "dependency"
    assert client.send("GET", path(known)).body == known


def test_default_actions_come_with_a_specification(client: PlatformClient) -> None:
    known = made(client, attributes={"schema": SIZE})
    rows = actions(client, known)
    assert [row["type"] for row in rows] == ["create", "update", "delete"]
    assert set(rows[0]["parameters"]["schema"]["properties"]) == {"size"}
    assert actions(client, made(client, use_default_actions=False)) == []


@pytest.mark.parametrize("name", sorted(SELECTORS))
def test_all_four_selectors_are_required(client: PlatformClient, name: str) -> None:
    some = {key: value for key, value in SELECTORS.items() if key != name}
    refused = client.send("POST", "/service_specification", body(selectors=some))
    assert refused.status == 400
    assert refused.body["message"] == f"body/selectors must have required property ['{name}']"


def test_a_specification_without_selectors_is_refused(client: PlatformClient) -> None:
    refused = client.send("POST", "/service_specification", body(selectors=None))
    assert (refused.status, refused.body["code"]) == (400, "FST_ERR_VALIDATION")


def test_managed_actions_want_default_actions(client: PlatformClient) -> None:
    flags = {"use_managed_actions": True, "use_default_actions": False}
    refused = client.send("POST", "/service_specification", body(**flags))
    assert refused.status == 400
    known = made(client, use_managed_actions=True)
    assert client.send("PATCH", path(known), {"use_default_actions": False}).status == 400


def test_a_slug_is_taken_once(client: PlatformClient) -> None:
    known = made(client)
    refused = client.send("POST", "/service_specification", body(slug=known["slug"]))
    assert (refused.status, known["slug"] in refused.body["message"]) == (400, True)


def test_what_only_the_vendor_s_modules_read_is_dropped(client: PlatformClient) -> None:
    known = made(client, available_links=["user"], available_actions=["move"], colour="red")
    assert not {"available_links", "available_actions", "colour"} & set(known)


@pytest.mark.parametrize(
    "fault",
    [
        {"name": ""},
        {"attributes": {"schema": {"type": "objekt"}}},
        {"visible_to": "here"},
        {"slug": 3},
    ],
    ids=str,
)
def test_a_faulty_specification_is_refused_and_changes_nothing(
    client: PlatformClient, fault: Any
) -> None:
    assert client.send("POST", "/service_specification", body(**fault)).status == 400
    known = made(client)
    changed = client.send("PATCH", path(known), fault)
    assert (changed.status, client.send("GET", path(known)).body) == (400, known)


def test_a_change_makes_a_snapshot_and_new_default_actions(client: PlatformClient) -> None:
    known = made(client)
    before = actions(client, known)
    changed = client.send("PATCH", path(known), {"attributes": {"schema": SIZE}}).body
    assert changed["last_snapshot_id"] != known["last_snapshot_id"]
    assert newest_snapshot(client, path(known)) == changed["last_snapshot_id"]
    after = actions(client, known)
    assert [row["slug"] for row in after] == [row["slug"] for row in before]
    assert not {row["id"] for row in after} & {row["id"] for row in before}


def test_a_change_that_changes_nothing_makes_no_snapshot(client: PlatformClient) -> None:
    known = made(client)
    again = client.send("PATCH", path(known), {"selectors": SELECTORS}).body
    assert again == known
    assert len(client.send("GET", path(known, "/snapshots")).body["results"]) == 1


def test_services_follow_a_change_of_their_specification(
    client: PlatformClient, emulator: Emulator
) -> None:
    known = made(client, attributes={"schema": SIZE})
    service = emulator.create_service(known["id"], attributes={"size": 1})
    wider = {"type": "object", "properties": {"size": {"type": "string"}}}
    client.send("PATCH", path(known), {"attributes": {"schema": wider}})
    changed = client.send("PATCH", f"/service/{service['id']}", {"attributes": {"size": "big"}})
    assert changed.body["attributes"] == {"size": "big"}


def test_a_specification_with_services_stays(client: PlatformClient, emulator: Emulator) -> None:
    known = made(client)
    service: Any = emulator.create_service(known["id"], status="failed")
    assert client.send("DELETE", path(known)).status == 400
    client.send("DELETE", f"/service/{service['id']}")
    assert client.send("DELETE", path(known)).status == 204
    assert client.send("GET", path(known)).status == 404


def test_link_specifications_are_written_under_their_service_specification(
    client: PlatformClient,
) -> None:
    known = made(client)
    link = client.send("POST", "/link_specification", body(specification_id=known["id"])).body
    assert (link["specification_id"], link["unique"]) == (known["id"], False)
    below = client.send("GET", path(known, "/link_specification")).body["results"]
    assert below == [link]
    assert client.send("DELETE", path(known)).status == 400
    assert client.send("DELETE", f"/link_specification/{link['id']}").status == 204
    assert client.send("DELETE", path(known)).status == 204
    assert client.send("GET", f"/link_specification/{link['id']}").status == 404


def test_a_link_specification_wants_a_service_specification(client: PlatformClient) -> None:
    assert client.send("POST", "/link_specification", body()).status == 400
    nowhere = body(specification_id="nowhere")
    assert client.send("POST", "/link_specification", nowhere).status == 404


def test_action_specifications_are_written_under_their_parent(client: PlatformClient) -> None:
    known = made(client)
    where = path(known, "/action_specification")
    own = {"name": "Move it", "type": "custom", "parameters": {"schema": SIZE}}
    action = client.send("POST", where, own).body
    assert (action["slug"], action["service_specification_id"]) == ("move-it", known["id"])
    one = f"/action_specification/{action['id']}"
    assert client.send("GET", one).body == action
    changed = client.send("PATCH", f"{where}/{action['id']}", {"retryable": True}).body
    assert newest_snapshot(client, one) == changed["last_snapshot_id"] != action["last_snapshot_id"]
    # A change of the parent leaves what its author wrote.
    client.send("PATCH", path(known), {"description": "Else"})
    assert client.send("GET", one).body == changed
    assert client.send("DELETE", f"{where}/{action['id']}").status == 204
    assert client.send("GET", one).status == 404


@pytest.mark.parametrize("fault", [{"type": "fly"}, {"type": None}, {"name": None}], ids=str)
def test_a_faulty_action_specification_is_refused(client: PlatformClient, fault: Any) -> None:
    known = made(client)
    own = {"name": "Move it", "type": "custom", **fault}
    assert client.send("POST", path(known, "/action_specification"), own).status == 400


def test_a_list_shows_what_can_be_used_at_a_place(client: PlatformClient) -> None:
    known = made(client, visible_to=["organization=4001:account=1"])

    def shown(nrn: str) -> bool:
        query = f"/service_specification?nrn={nrn}&slug={known['slug']}"
        return bool(client.send("GET", query).body["results"] == [known])

    assert shown("organization=4001:account=1")
    assert shown("organization=4001:account=1:namespace=2")
    assert not shown("organization=4001:account=2")
    assert not shown("organization=4001")

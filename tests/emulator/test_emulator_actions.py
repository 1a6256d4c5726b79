"""What an action's report does to the action and to its service or link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from purveyor_emulator import Emulator, RefusedError

if TYPE_CHECKING:
    from platform_client import PlatformClient


def queue(emulator: Emulator, **parameters: Any) -> tuple[str, str]:
    """Press Create for a queue; return the service's path and the action's."""
    service = f"/service/{emulator.create_service()['id']}"
    return service, press(emulator, service, "create", {"queue_name": "q", **parameters})


def press(
    emulator: Emulator, entity: str, action: str, parameters: dict[str, Any] | None = None
) -> str:
    envelope: Any = emulator.request_action(entity.split("/")[2], action, parameters)
    return f"{entity}/action/{envelope['notification']['id']}"


def test_a_requested_action_is_pending_and_so_is_its_service(
    emulator: Emulator, client: PlatformClient
) -> None:
    service, action = queue(emulator)
    assert client.send("GET", action).body["status"] == "pending"
    assert client.send("GET", service).body["status"] == "pending"


@pytest.mark.parametrize(
    ("operation", "begun", "ended"),
    [
        ("create", "creating", "active"),
        ("update", "updating", "active"),
        ("delete", "deleting", "deleted"),
    ],
)
def test_a_service_follows_its_action(
    emulator: Emulator, client: PlatformClient, operation: str, begun: str, ended: str
) -> None:
    status = "pending" if operation == "create" else "active"
    service = f"/service/{emulator.create_service(status=status)['id']}"
    parameters = {"queue_name": "q"} if operation == "create" else {}
    action = press(emulator, service, operation, parameters)
    client.send("PATCH", action, {"status": "in_progress"})
    assert client.send("GET", service).body["status"] == begun
    client.send("PATCH", action, {"status": "success"})
    assert client.send("GET", service).body["status"] == ended


@pytest.mark.parametrize(
    ("operation", "left"), [("create", "failed"), ("update", "active"), ("delete", "active")]
)
def test_only_a_failed_create_leaves_a_failed_service(
    emulator: Emulator, client: PlatformClient, operation: str, left: str
) -> None:
    service = f"/service/{emulator.create_service(status='active')['id']}"
    parameters = {"queue_name": "q"} if operation == "create" else {}
    action = press(emulator, service, operation, parameters)
    client.send("PATCH", action, {"status": "in_progress"})
    client.send("PATCH", action, {"status": "failed"})
    assert client.send("GET", service).body["status"] == left


def test_messages_are_appended_with_a_timestamp_and_shown_only_when_asked_for(
    emulator: Emulator, client: PlatformClient
) -> None:
    _, action = queue(emulator)
    client.send("PATCH", action, {"messages": [{"message": "one"}]})
    client.send("PATCH", action, {"messages": [{"level": "error", "message": "two"}]})
    assert "messages" not in client.send("GET", action).body
    found = client.send("GET", f"{action}?include_messages=true").body["messages"]
    assert [(each["level"], each["message"]) for each in found] == [
        ("info", "one"),
        ("error", "two"),
    ]
    assert all(each["timestamp"] > 1_600_000_000_000 for each in found)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "done"},
        {"status": "cancelled"},
        {"status": None},
        {"messages": [{"level": "INFO", "message": "x"}]},
        {"messages": [{"level": "info"}]},
        {"messages": "x"},
        {"results": {"queue_url": 1}},
        {"results": {"queueUrl": "x"}},
        {"results": ["x"]},
    ],
)
def test_a_bad_report_is_refused_whole(
    emulator: Emulator, client: PlatformClient, body: dict[str, Any]
) -> None:
    _, action = queue(emulator)
    before = emulator.action(action.split("/")[-1])
    good = {"messages": [{"message": "good"}]} if "messages" not in body else {}
    answer = client.send("PATCH", action, {"status": "success", **good, **body})
    assert (answer.status, answer.body["code"]) == (400, "FST_ERR_VALIDATION")
    assert emulator.action(action.split("/")[-1]) == before


def test_a_refusal_of_results_names_every_fault_and_no_value(
    emulator: Emulator, client: PlatformClient
) -> None:
    _, action = queue(emulator)
    answer = client.send(
        "PATCH", action, {"results": {"queue_url": 4711, "queueArn": "geheim", "fifo": "geheim"}}
    )
    message = answer.body["message"]
    assert "body/results/queue_url must be string" in message
    assert "body/results/fifo must be boolean" in message
    assert "queueArn" in message
    assert "geheim" not in message
    assert "4711" not in message


@pytest.mark.parametrize("ending", ["success", "failed"])
@pytest.mark.parametrize("late", ["in_progress", "success", "failed"])
def test_an_ended_action_keeps_its_status(
    emulator: Emulator, client: PlatformClient, ending: str, late: str
) -> None:
    service, action = queue(emulator)
    client.send("PATCH", action, {"status": ending})
    entity = client.send("GET", service).body["status"]
    assert client.send("PATCH", action, {"status": late}).status == 400
    assert client.send("GET", action).body["status"] == ending
    assert client.send("GET", service).body["status"] == entity


def test_an_ended_action_still_takes_messages(emulator: Emulator, client: PlatformClient) -> None:
    _, action = queue(emulator)
    client.send("PATCH", action, {"status": "success"})
    assert client.send("PATCH", action, {"messages": [{"message": "late"}]}).status == 200


def test_a_cancelled_action_refuses_a_status(emulator: Emulator, client: PlatformClient) -> None:
    _, action = queue(emulator)
    emulator.cancel_action(action.split("/")[-1])
    assert client.send("GET", action).body["status"] == "cancelled"
    assert client.send("PATCH", action, {"status": "success"}).status == 400


def test_parameters_and_results_become_attributes_on_success_only(
    emulator: Emulator, client: PlatformClient
) -> None:
    service, action = queue(emulator, fifo=False)
    client.send("PATCH", action, {"results": {"queue_url": "https://q"}})
    assert client.send("GET", service).body["attributes"] == {}
    client.send("PATCH", action, {"status": "success"})
    assert client.send("GET", service).body["attributes"] == {
        "queue_name": "q",
        "fifo": False,
        "queue_url": "https://q",
    }


def test_a_failed_action_changes_no_attribute(emulator: Emulator, client: PlatformClient) -> None:
    service, action = queue(emulator)
    client.send("PATCH", action, {"status": "failed", "results": {"queue_url": "https://q"}})
    assert client.send("GET", service).body["attributes"] == {}


def test_a_secret_result_reads_back_as_null_everywhere(
    emulator: Emulator, client: PlatformClient
) -> None:
    service = f"/service/{emulator.create_service('mysql-database')['id']}"
    action = press(emulator, service, "create", {"database_name": "orders"})
    client.send("PATCH", action, {"status": "success", "results": {"password": "geheim"}})
    assert client.send("GET", service).body["attributes"]["password"] is None
    assert client.send("GET", action).body["results"] == {"password": None}
    assert emulator.secret("service", service.rsplit("/", maxsplit=1)[-1], "password") == "geheim"
    for path in (service, action, "/emulator/view", "/", "/emulator/requests"):
        assert "geheim" not in client.send("GET", path).text


@pytest.mark.parametrize("ending", ["success", "failed"])
def test_a_custom_action_changes_neither_status_nor_attributes(
    emulator: Emulator, client: PlatformClient, ending: str
) -> None:
    service = emulator.create_service("mysql-database", status="active")
    link = emulator.create_link(str(service["id"]), status="active")
    action = press(emulator, f"/link/{link['id']}", "get-credentials")
    client.send("PATCH", action, {"status": "in_progress"})
    assert emulator.entity("link", str(link["id"]))["status"] == "active"
    done = {"status": ending, "results": {"username": "ann", "password": "geheim"}}
    assert client.send("PATCH", action, done).status == 200
    assert emulator.entity("link", str(link["id"])) == link
    assert emulator.entity("service", str(service["id"])) == service


def test_unknown_parameters_are_dropped_and_defaults_filled_in(emulator: Emulator) -> None:
    service = emulator.create_service("mysql-database", status="active")
    link = emulator.create_link(str(service["id"]))
    envelope: Any = emulator.request_action(
        str(link["id"]), "create", {"username": "ann", "permisions": "write"}
    )
    assert envelope["notification"]["parameters"] == {"username": "ann", "access": "read"}


@pytest.mark.parametrize(
    "parameters",
    [{}, {"queue_name": 5}, {"queue_name": "q", "fifo": "yes"}, {"queue_name": "q", "tags": [1]}],
)
def test_parameters_that_do_not_fit_are_refused(
    emulator: Emulator, client: PlatformClient, parameters: dict[str, Any]
) -> None:
    service = emulator.create_service()
    body = {"name": "x", "specification_id": "create-sqs-queue", "parameters": parameters}
    answer = client.send("POST", f"/service/{service['id']}/action", body)
    assert (answer.status, answer.body["code"]) == (400, "FST_ERR_VALIDATION")
    assert client.send("GET", f"/service/{service['id']}/action").body["results"] == []


def test_an_action_of_another_service_is_not_found(
    emulator: Emulator, client: PlatformClient
) -> None:
    _, action = queue(emulator)
    other, _ = queue(emulator)
    identity = action.split("/")[-1]
    assert client.send("GET", f"{other}/action/{identity}").status == 404
    assert client.send("PATCH", f"{other}/action/{identity}", {}).status == 404


def test_a_service_with_links_has_no_delete_action(emulator: Emulator) -> None:
    service = emulator.create_service("mysql-database", status="active")
    emulator.create_link(str(service["id"]), name="reports")
    with pytest.raises(RefusedError, match="still has links: reports"):
        emulator.request_action(str(service["id"]), "delete")


def test_a_failed_service_has_no_delete_action(emulator: Emulator) -> None:
    service = emulator.create_service(status="failed")
    with pytest.raises(RefusedError, match="failed service has no delete action"):
        emulator.request_action(str(service["id"]), "delete")

"""What the emulator shows to people: the page, the view, the requests and the log."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from platform_client import PlatformClient

from purveyor import json_text
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2  # noqa: TID251 - the tests stand where Purveyor's own client does

NASTY = '<script>alert(1)</script> & "quotes" ${x}'


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def used(emulator: Emulator, client: PlatformClient) -> str:
    """Create a database with a nasty name and nasty words; return its id."""
    service = str(emulator.create_service("mysql-database", name=NASTY)["id"])
    envelope: Any = emulator.request_action(service, "create", {"database_name": NASTY})
    action = envelope["notification"]["id"]
    body = {
        "status": "success",
        "results": {"endpoint": NASTY, "password": "geheim"},
        "messages": [{"message": NASTY}],
    }
    assert client.send("PATCH", f"/service/{service}/action/{action}", body).status == 200
    emulator.create_link(service, name="reports")
    return service


def test_the_page_shows_everything_and_runs_nothing(
    emulator: Emulator, client: PlatformClient
) -> None:
    used(emulator, client)
    answer = client.send("GET", "/")
    page = Tags()
    page.feed(answer.text)
    assert "script" not in page.seen
    assert page.text.count(NASTY) >= 4
    assert "reports" in page.text
    assert "(secret, set)" in page.text
    assert "geheim" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_view_holds_services_links_and_actions(
    emulator: Emulator, client: PlatformClient
) -> None:
    service = used(emulator, client)
    view = client.send("GET", "/emulator/view").body
    [found] = [each for each in view["services"] if each["id"] == service]
    assert (found["status"], found["specification"]) == ("active", "mysql-database")
    assert found["secrets"] == ["password"]
    assert found["attributes"]["password"] is None
    assert [link["name"] for link in found["links"]] == ["reports"]
    [action] = found["actions"]
    assert action["messages"][0]["message"] == NASTY
    assert "geheim" not in json_text.write(view)


def test_requests_are_shown_with_their_answer_and_without_secrets(
    emulator: Emulator, client: PlatformClient
) -> None:
    client.log_in()
    used(emulator, client)
    answer = client.send("GET", "/emulator/requests")
    login, patch = (
        next(each for each in answer.body["requests"] if each["method"] == method)
        for method in ("POST", "PATCH")
    )
    assert (login["path"], login["body"], login["status"]) == ("/token", {"api_key": "***"}, 200)
    assert patch["headers"]["authorization"] == "***"
    assert patch["body"]["results"] == {"endpoint": NASTY, "password": "***"}
    for secret in ("geheim", emulator.api_key, client.token):
        assert secret not in answer.text


def test_a_test_sees_secrets_in_what_was_received(
    emulator: Emulator, client: PlatformClient
) -> None:
    used(emulator, client)
    [patch] = emulator.requests(method="PATCH", path="/service/")
    body: Any = patch["body"]
    assert body["results"]["password"] == "geheim"


def test_requests_can_be_forgotten(emulator: Emulator, client: PlatformClient) -> None:
    assert emulator.requests()
    client.send("DELETE", "/emulator/requests")
    assert emulator.requests() == []


def test_a_pressed_button_makes_a_service_and_returns_its_context(
    emulator: Emulator, client: PlatformClient
) -> None:
    body = {"specification": "sqs-queue", "name": "orders", "parameters": {"queue_name": "o"}}
    made = client.send("POST", "/emulator/press", body)
    inner = made.body["notification"]
    assert (made.status, inner["type"], inner["service"]["slug"]) == (201, "create", "orders")
    emulator.entity("service", inner["service"]["id"])
    more = {"id": inner["service"]["id"], "action": "update", "parameters": {"fifo": True}}
    assert client.send("POST", "/emulator/press", more).body["notification"]["type"] == "update"


def test_a_button_pressed_in_vain_leaves_no_service(
    emulator: Emulator, client: PlatformClient
) -> None:
    before = emulator.view()["services"]
    assert client.send("POST", "/emulator/press", {"specification": "sqs-queue"}).status == 400
    assert emulator.view()["services"] == before


def test_the_log_gets_a_line_a_request_without_secrets(tmp_path: Path, http: httpx2.Client) -> None:

    log = tmp_path / "requests.jsonl"
    with Emulator.running(log=log) as emulator:
        client = PlatformClient(emulator, http)
        client.log_in()
        used(emulator, client)
        client.send("GET", "/nowhere")
        secrets = ("geheim", emulator.api_key, client.token)
    lines: list[Any] = [json_text.parse(line) for line in log.read_text().splitlines()]
    assert [(each["method"], each["status"]) for each in lines] == [
        ("POST", 200),
        ("PATCH", 200),
        ("GET", 404),
    ]
    assert [secret for secret in secrets if secret in log.read_text()] == []

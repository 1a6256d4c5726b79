"""What goes over the wire, by which way, and what is read from an answer."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from client_fixtures import BRISK, KEY, client_of, failure_of
from scripted_server import Reply, ScriptedServer, scripted_server, token_body

from purveyor import json_text
from purveyor.action import Kind
from purveyor.client import Credentials, PlatformClient
from purveyor.errors import PlatformError, ReasonCode
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def test_each_call_has_its_method_path_and_body(server: ScriptedServer) -> None:
    server.script = [Reply(body='{"id": "a1"}')]
    with client_of(server) as client:
        client.read_action(Kind.SERVICE, "s1", "a1")
        client.patch_action(Kind.LINK, "l1", "a2", {"status": "success"})
        client.read_entity(Kind.LINK, "l1")
        client.patch_attributes(Kind.SERVICE, "s/1", {"endpoint": "db"})
        client.read_action_specification("as1")
        client.read_specification(Kind.LINK, "ls1")
        client.list_notifications({"nrn": "organization=1", "status": "failed"})
        client.read_notification("n1")
        client.list_deliveries("n/1")
    assert server.paths() == [
        "POST /token",
        "GET /service/s1/action/a1",
        "PATCH /link/l1/action/a2",
        "GET /link/l1",
        "PATCH /service/s%2F1",
        "GET /action_specification/as1",
        "GET /link_specification/ls1",
        "GET /notification?nrn=organization%3D1&status=failed",
        "GET /notification/n1",
        "GET /notification/n%2F1/result?limit=200",
    ]
    assert json_text.parse(server.asked[0].body) == {"api_key": KEY}
    assert json_text.parse(server.asked[2].body) == {"status": "success"}
    assert json_text.parse(server.asked[4].body) == {"attributes": {"endpoint": "db"}}
    assert server.asked[2].headers["authorization"] == "Bearer token-1"
    assert server.asked[2].headers["content-type"] == "application/json"


def test_all_calls_share_one_connection(server: ScriptedServer) -> None:
    with client_of(server) as client:
        for _ in range(3):
            client.read_entity(Kind.SERVICE, "s1")
    assert len({each.connection for each in server.asked}) == 1


def test_a_number_is_read_with_every_digit(server: ScriptedServer) -> None:
    server.script = [Reply(body='{"attributes": {"n": 0.10}}')]
    with client_of(server) as client:
        answer = client.read_entity(Kind.SERVICE, "s1")
    assert json_text.write(answer) == '{"attributes": {"n": 0.10}}'


def test_an_empty_answer_is_an_empty_object(server: ScriptedServer) -> None:
    server.script = [Reply(204, "")]
    with client_of(server) as client:
        assert client.patch_action(Kind.SERVICE, "s1", "a1", {"status": "failed"}) == {}


@pytest.mark.parametrize("body", ["", "{}", '{"id": "a2", "status": "success"}'])
def test_an_answer_that_does_not_name_the_action_is_not_the_platforms(
    server: ScriptedServer, body: str
) -> None:
    server.script = [Reply(body=body)]
    with client_of(server) as client:
        assert "is not the platform" in failure_of(client).message


def test_a_forbidden_call_names_the_roles_that_are_needed(server: ScriptedServer) -> None:
    server.script = [Reply(403)]
    with client_of(server) as client:
        error = failure_of(client)
    assert error.reason is ReasonCode.PERMISSION_DENIED
    assert "roles" in error.hint


@pytest.mark.parametrize("body", ["<html>Please log in</html>", "[]", '"text"', '{"a":1,"a":2}'])
def test_an_answer_that_is_not_the_platforms_is_no_success(
    server: ScriptedServer, body: str
) -> None:
    server.script = [Reply(body=body)]
    with client_of(server) as client:
        assert "is not the platform" in failure_of(client).message


def test_an_endless_answer_is_not_read_to_its_end(server: ScriptedServer) -> None:
    server.script = [Reply(body=" " * (9 << 20))]
    with client_of(server) as client:
        assert "8 MiB" in failure_of(client).message


def test_an_answer_that_trickles_is_not_waited_for(server: ScriptedServer) -> None:
    server.script = [Reply(body=" " * 100 + "{}", trickle=0.1)] * 9
    policy = replace(BRISK, total=0.1, connect=0.2, read=0.3)
    began = time.monotonic()
    with client_of(server, policy=policy) as client:
        assert "did not answer" in failure_of(client).message
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("from_head", [False, True])
@pytest.mark.parametrize("what", ["script", "logins"])
def test_a_login_and_an_answer_that_trickle_keep_within_the_calls_time(
    server: ScriptedServer, what: str, *, from_head: bool
) -> None:
    body = token_body("token-1" + "x" * 300, seconds=3600)
    setattr(server, what, [Reply(body=body, trickle=0.1, from_head=from_head)] * 9)
    began = time.monotonic()
    with client_of(server, policy=replace(BRISK, total=1.5, connect=1, read=5)) as client:
        assert "did not answer" in failure_of(client).message
    assert time.monotonic() - began < 4


def test_a_slow_login_leaves_the_call_what_is_left_of_its_time(server: ScriptedServer) -> None:
    server.logins = [Reply(body=token_body("token-1", seconds=3600), wait=1.2)]
    server.script = [Reply(wait=5)] * 9
    began = time.monotonic()
    with client_of(server, policy=replace(BRISK, total=2.0, connect=1, read=5)) as client:
        assert "did not answer" in failure_of(client).message
    assert time.monotonic() - began < 4


def test_what_the_platform_says_is_redacted_flattened_and_cut(server: ScriptedServer) -> None:
    said = f"key {KEY} token-1 is\n##vso[x]\x1b[31m " + "long " * 200
    server.script = [Reply(400, json_text.write({"message": said}))]
    with client_of(server) as client:
        message = failure_of(client).message
    assert "key *** *** is ##vso[x] [31m long" in message
    assert len(message) < 400


def test_a_proxy_of_the_environment_does_not_see_loopback(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with client_of(server) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {}


def test_https_goes_through_the_proxy_of_the_environment(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setenv("https_proxy", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    client = PlatformClient(
        "https://platform.example",
        Credentials(token="t"),
        redactor=Redactor(),
        policy=replace(BRISK, total=0.1),
    )
    with contextlib.closing(client):
        error = failure_of(client)
    assert "proxy" in error.message
    assert "HTTPS_PROXY" in error.hint


def test_a_certificate_file_that_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authority.pem")
    client = PlatformClient(
        "https://127.0.0.1:1", Credentials(token="t"), redactor=Redactor(), policy=BRISK
    )
    error = failure_of(client)
    assert isinstance(error, PlatformError)
    assert "SSL_CERT_FILE" in error.hint

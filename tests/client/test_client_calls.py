"""What goes over the wire, what is tried again, and what is not."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from scripted_server import Reply, ScriptedServer, scripted_server, token_body

from purveyor import json_text
from purveyor.action import Kind
from purveyor.client import Credentials, Patience, PlatformClient, PlatformRefusedError
from purveyor.errors import CredentialsError, PlatformError, PurveyorError, ReasonCode
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_KEY = "a2V5LW9m.dGhlLXRlc3Rz"
_BRISK = Patience(total=5.0, first_wait=0.5, connect=1.0, read=2.0)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@contextlib.contextmanager
def _client(
    server: ScriptedServer,
    *,
    credentials: Credentials | None = None,
    patience: Patience = _BRISK,
    pause: Callable[[float], object] | None = lambda _: None,
    now: Callable[[], float] = time.time,
) -> Iterator[PlatformClient]:
    client = PlatformClient(
        server.url,
        credentials or Credentials(api_key=_KEY),
        redactor=Redactor(),
        patience=patience,
        pause=pause,
        now=now,
    )
    with contextlib.closing(client):
        yield client


def _fails(client: PlatformClient) -> PurveyorError:
    with pytest.raises(PurveyorError) as caught:
        client.read_action(Kind.SERVICE, "s1", "a1")
    return caught.value


def test_each_call_has_its_method_path_and_body(server: ScriptedServer) -> None:
    with _client(server) as client:
        client.read_action(Kind.SERVICE, "s1", "a1")
        client.patch_action(Kind.LINK, "l1", "a2", {"status": "success"})
        client.read_entity(Kind.LINK, "l1")
        client.patch_attributes(Kind.SERVICE, "s/1", {"endpoint": "db"})
        client.read_action_specification("as1")
        client.read_specification(Kind.LINK, "ls1")
    assert server.paths() == [
        "POST /token",
        "GET /service/s1/action/a1",
        "PATCH /link/l1/action/a2",
        "GET /link/l1",
        "PATCH /service/s%2F1",
        "GET /action_specification/as1",
        "GET /link_specification/ls1",
    ]
    assert json_text.parse(server.asked[0].body) == {"api_key": _KEY}
    assert json_text.parse(server.asked[2].body) == {"status": "success"}
    assert json_text.parse(server.asked[4].body) == {"attributes": {"endpoint": "db"}}
    assert server.asked[2].headers["authorization"] == "Bearer token-1"
    assert server.asked[2].headers["content-type"] == "application/json"


def test_all_calls_share_one_connection(server: ScriptedServer) -> None:
    with _client(server) as client:
        for _ in range(3):
            client.read_entity(Kind.SERVICE, "s1")
    assert len({each.connection for each in server.asked}) == 1


def test_a_number_is_read_with_every_digit(server: ScriptedServer) -> None:
    server.script = [Reply(body='{"attributes": {"n": 0.10}}')]
    with _client(server) as client:
        answer = client.read_entity(Kind.SERVICE, "s1")
    assert json_text.write(answer) == '{"attributes": {"n": 0.10}}'


def test_an_empty_answer_is_an_empty_object(server: ScriptedServer) -> None:
    server.script = [Reply(204, "")]
    with _client(server) as client:
        assert client.patch_action(Kind.SERVICE, "s1", "a1", {"status": "failed"}) == {}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_trouble_that_may_pass_is_tried_again(server: ScriptedServer, status: int) -> None:
    server.script = [Reply(status), Reply(status), Reply(body='{"status": "pending"}')]
    with _client(server) as client:
        assert client.read_action(Kind.SERVICE, "s1", "a1") == {"status": "pending"}
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [301, 400, 402, 403, 404, 405, 410, 422, 451])
def test_a_no_is_not_asked_again(server: ScriptedServer, status: int) -> None:
    server.script = [Reply(status, '{"message": "no such thing", "id": 7}')]
    with _client(server) as client:
        error = _fails(client)
    assert isinstance(error, PlatformRefusedError)
    assert error.status == status
    assert error.message == f"The platform did not let us read the action ({status}: no such thing)"
    assert len(server.asked) == 2


def test_a_forbidden_call_names_the_roles_that_are_needed(server: ScriptedServer) -> None:
    server.script = [Reply(403)]
    with _client(server) as client:
        error = _fails(client)
    assert error.reason is ReasonCode.PERMISSION_DENIED
    assert "roles" in error.hint


def test_a_dropped_connection_is_tried_again(server: ScriptedServer) -> None:
    server.script = [Reply(drop=True), Reply(drop=True), Reply(body='{"id": 1}')]
    with _client(server) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {"id": 1}


def test_a_slow_answer_is_tried_again(server: ScriptedServer) -> None:
    server.script = [Reply(wait=0.6), Reply(body='{"id": 1}')]
    with _client(server, patience=replace(_BRISK, read=0.3)) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {"id": 1}


def test_a_conflict_is_believed_after_three_tries(server: ScriptedServer) -> None:
    server.script = [Reply(409, '{"message": "already finished"}')] * 9
    with _client(server) as client:
        error = _fails(client)
    assert "already finished" in error.message
    assert len(server.asked) == 1 + 3


def test_the_platforms_own_wait_is_honoured(server: ScriptedServer) -> None:
    soon = formatdate(time.time() + 3, usegmt=True)
    server.script = [
        Reply(429, headers={"retry-after": "2"}),
        Reply(503, headers={"retry-after": soon}),
        Reply(429, headers={"retry-after": "soon"}),
    ]
    waits: list[float] = []
    with _client(server, pause=waits.append) as client:
        client.read_entity(Kind.SERVICE, "s1")
    assert waits[0] == 2
    assert 1 < waits[1] <= 3
    assert 1 <= waits[2] <= 2, "neither a number nor a date: the usual wait"


def test_a_wait_beyond_the_patience_is_not_begun(server: ScriptedServer) -> None:
    server.script = [Reply(429, headers={"retry-after": "3600"})]
    waits: list[float] = []
    with _client(server, pause=waits.append) as client:
        error = _fails(client)
    assert waits == []
    assert "429" in error.message
    assert isinstance(error, PlatformError)


def test_waits_grow_and_stay_below_their_limit(server: ScriptedServer) -> None:
    server.script = [Reply(500)] * 7
    waits: list[float] = []
    patience = Patience(total=60, first_wait=1, longest_wait=4)
    with _client(server, patience=patience, pause=waits.append) as client:
        client.read_entity(Kind.SERVICE, "s1")
    for wait, full in zip(waits, [1, 2, 4, 4, 4, 4, 4], strict=True):
        assert full / 2 <= wait <= full


def test_an_outage_ends_when_the_patience_ends(server: ScriptedServer) -> None:
    server.script = [Reply(503)] * 500
    began = time.monotonic()
    patience = Patience(total=0.4, first_wait=0.05, longest_wait=0.05)
    with _client(server, patience=patience, pause=None) as client:
        error = _fails(client)
    assert time.monotonic() - began < 2
    assert len(server.asked) > 3
    assert error.reason is ReasonCode.PLATFORM_UNREACHABLE
    assert error.exit_code == 17


def test_giving_up_ends_a_wait_at_once(server: ScriptedServer) -> None:
    server.script = [Reply(503)] * 3
    patience = Patience(total=60, first_wait=30, longest_wait=30)
    began = time.monotonic()
    with _client(server, patience=patience, pause=None) as client:
        client.give_up()
        assert "503" in _fails(client).message
    assert time.monotonic() - began < 2


def test_nobody_at_the_address_is_a_platform_error() -> None:
    with scripted_server() as gone:
        pass
    with _client(gone, patience=replace(_BRISK, total=0.1)) as client:
        error = _fails(client)
    assert error.reason is ReasonCode.PLATFORM_UNREACHABLE
    assert "did not answer when we tried to" in error.message


@pytest.mark.parametrize("body", ["<html>Please log in</html>", "[]", '"text"', '{"a":1,"a":2}'])
def test_an_answer_that_is_not_the_platforms_is_no_success(
    server: ScriptedServer, body: str
) -> None:
    server.script = [Reply(body=body)]
    with _client(server) as client:
        assert "is not the platform" in _fails(client).message


def test_an_endless_answer_is_not_read_to_its_end(server: ScriptedServer) -> None:
    server.script = [Reply(body=" " * (9 << 20))]
    with _client(server) as client:
        assert "8 MiB" in _fails(client).message


def test_what_the_platform_says_is_redacted_flattened_and_cut(server: ScriptedServer) -> None:
    said = f"key {_KEY} token-1 is\n##vso[x]\x1b[31m " + "long " * 200
    server.script = [Reply(400, json_text.write({"message": said}))]
    with _client(server) as client:
        message = _fails(client).message
    assert "key *** *** is ##vso[x] [31m long" in message
    assert len(message) < 400


def test_a_proxy_of_the_environment_does_not_see_loopback(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with _client(server) as client:
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
        patience=replace(_BRISK, total=0.1),
    )
    with contextlib.closing(client):
        error = _fails(client)
    assert "proxy" in error.message
    assert "HTTPS_PROXY" in error.hint


def test_a_certificate_file_that_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authority.pem")
    client = PlatformClient(
        "https://127.0.0.1:1", Credentials(token="t"), redactor=Redactor(), patience=_BRISK
    )
    error = _fails(client)
    assert isinstance(error, PlatformError)
    assert "SSL_CERT_FILE" in error.hint


def test_a_token_goes_before_a_key(server: ScriptedServer) -> None:
    with _client(server, credentials=Credentials("given", _KEY)) as client:
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths() == ["GET /service/s1"]
    assert server.asked[0].headers["authorization"] == "Bearer given"


def test_a_refused_token_is_replaced_once_by_a_new_login(server: ScriptedServer) -> None:
    server.script = [Reply(401), Reply(body='{"id": 1}')]
    with _client(server) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {"id": 1}
    assert [each.headers.get("authorization") for each in server.asked] == [
        None,
        "Bearer token-1",
        None,
        "Bearer token-2",
    ]


def test_a_token_that_is_refused_twice_is_a_credentials_error(server: ScriptedServer) -> None:
    server.script = [Reply(401, '{"message": "wrong organization"}')] * 9
    with _client(server) as client:
        error = _fails(client)
    assert isinstance(error, CredentialsError)
    assert "wrong organization" in error.message
    assert server.paths().count("POST /token") == 2
    assert len(server.asked) == 4


def test_a_refused_token_without_a_key_is_a_credentials_error(server: ScriptedServer) -> None:
    server.script = [Reply(401)]
    with _client(server, credentials=Credentials("given")) as client:
        assert _fails(client).exit_code == 16
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_key_is_a_credentials_error(server: ScriptedServer, status: int) -> None:
    server.logins = [Reply(status, json_text.write({"message": f"{_KEY} is not valid"}))]
    with _client(server) as client:
        error = _fails(client)
    assert isinstance(error, CredentialsError)
    assert error.message == f"The platform did not let us log in ({status}: *** is not valid)"


def test_a_login_is_tried_again_like_any_call(server: ScriptedServer) -> None:
    server.logins = [Reply(503), Reply(drop=True)]
    with _client(server) as client:
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths() == ["POST /token"] * 3 + ["GET /service/s1"]


def test_a_login_without_a_token_is_refused(server: ScriptedServer) -> None:
    server.logins = [Reply(body='{"access_token": null}')]
    with _client(server) as client:
        assert "without giving a token" in _fails(client).message


@pytest.mark.parametrize("seconds", [600.0, None])
def test_a_token_is_renewed_before_it_ends(server: ScriptedServer, seconds: float | None) -> None:
    server.logins = [Reply(body=token_body("first", seconds=seconds))]
    clock = [time.time()]
    with _client(server, now=lambda: clock[0]) as client:
        client.read_entity(Kind.SERVICE, "s1")
        clock[0] += (seconds or 3600) - 120
        client.read_entity(Kind.SERVICE, "s1")
        assert server.paths().count("POST /token") == 1
        clock[0] += 70
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths().count("POST /token") == 2


def test_a_clock_ahead_of_the_platforms_does_not_log_in_for_every_call(
    server: ScriptedServer,
) -> None:
    with _client(server, now=lambda: time.time() + 86_400) as client:
        client.read_entity(Kind.SERVICE, "s1")
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths().count("POST /token") == 1


def test_neither_key_nor_token_is_shown(server: ScriptedServer) -> None:
    server.script = [Reply(401)]
    credentials = Credentials("given-token", _KEY)
    with _client(server, credentials=credentials) as client:
        client.read_entity(Kind.SERVICE, "s1")
        shown = repr(credentials) + repr(client) + repr(vars(client))
    assert "given-token" not in shown
    assert _KEY not in shown

"""How the client logs in, and when again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from client_fixtures import KEY, client_of, failure_of
from scripted_server import Reply, ScriptedServer, scripted_server, token_body

from purveyor import json_text
from purveyor.action import Kind
from purveyor.client import Credentials
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def test_a_token_goes_before_a_key(server: ScriptedServer) -> None:
    with client_of(server, credentials=Credentials("given", KEY)) as client:
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths() == ["GET /service/s1"]
    assert server.asked[0].headers["authorization"] == "Bearer given"


def test_a_refused_token_is_replaced_once_by_a_new_login(server: ScriptedServer) -> None:
    server.script = [Reply(401), Reply(body='{"id": 1}')]
    with client_of(server) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {"id": 1}
    assert [each.headers.get("authorization") for each in server.asked] == [
        None,
        "Bearer token-1",
        None,
        "Bearer token-2",
    ]


def test_a_token_that_is_refused_twice_is_a_credentials_error(server: ScriptedServer) -> None:
    server.script = [Reply(401, '{"message": "wrong organization"}')] * 9
    with client_of(server) as client:
        error = failure_of(client)
    assert isinstance(error, CredentialsError)
    assert "wrong organization" in error.message
    assert server.paths().count("POST /token") == 2
    assert len(server.asked) == 4


def test_a_refused_token_without_a_key_is_a_credentials_error(server: ScriptedServer) -> None:
    server.script = [Reply(401)]
    with client_of(server, credentials=Credentials("given")) as client:
        assert failure_of(client).exit_code == 16
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_key_is_a_credentials_error(server: ScriptedServer, status: int) -> None:
    server.logins = [Reply(status, json_text.write({"message": f"{KEY} is not valid"}))]
    with client_of(server) as client:
        error = failure_of(client)
    assert isinstance(error, CredentialsError)
    assert error.message == f"The platform did not let us log in ({status}: *** is not valid)"


def test_a_login_is_tried_again_like_any_call(server: ScriptedServer) -> None:
    server.logins = [Reply(503), Reply(drop=True)]
    with client_of(server) as client:
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths() == ["POST /token"] * 3 + ["GET /service/s1"]


def test_a_login_without_a_token_is_refused(server: ScriptedServer) -> None:
    server.logins = [Reply(body='{"access_token": null}')]
    with client_of(server) as client:
        assert "without giving a token" in failure_of(client).message


@pytest.mark.parametrize("seconds", [600.0, None])
def test_a_token_is_renewed_before_it_ends(server: ScriptedServer, seconds: float | None) -> None:
    server.logins = [Reply(body=token_body("first", seconds=seconds))]
    clock = [time.time()]
    with client_of(server, now=lambda: clock[0]) as client:
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
    with client_of(server, now=lambda: time.time() + 86_400) as client:
        client.read_entity(Kind.SERVICE, "s1")
        client.read_entity(Kind.SERVICE, "s1")
    assert server.paths().count("POST /token") == 1


def test_neither_key_nor_token_is_shown(server: ScriptedServer) -> None:
    server.script = [Reply(401)]
    credentials = Credentials("given-token", KEY)
    with client_of(server, credentials=credentials) as client:
        client.read_entity(Kind.SERVICE, "s1")
        shown = repr(credentials) + repr(client) + repr(vars(client))
    assert "given-token" not in shown
    assert KEY not in shown

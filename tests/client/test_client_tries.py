"""What is tried again, how often, and what is not."""

from __future__ import annotations

import time
from dataclasses import replace
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
from client_fixtures import BRISK, client_of, failure_of
from scripted_server import Reply, ScriptedServer, scripted_server

from purveyor.action import Kind
from purveyor.client import PlatformRefusedError, RetryPolicy
from purveyor.errors import PlatformError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_trouble_that_may_pass_is_tried_again(server: ScriptedServer, status: int) -> None:
    server.script = [Reply(status), Reply(status), Reply(body='{"id": "a1"}')]
    with client_of(server) as client:
        assert client.read_action(Kind.SERVICE, "s1", "a1") == {"id": "a1"}
    assert len(server.asked) == 4


@pytest.mark.parametrize("status", [301, 400, 402, 403, 404, 405, 410, 422, 451])
def test_a_no_is_not_asked_again(server: ScriptedServer, status: int) -> None:
    server.script = [Reply(status, '{"message": "no such thing", "id": 7}')]
    with client_of(server) as client:
        error = failure_of(client)
    assert isinstance(error, PlatformRefusedError)
    assert error.status == status
    assert error.message == f"The platform did not let us read the action ({status}: no such thing)"
    assert len(server.asked) == 2


def test_a_dropped_connection_is_tried_again(server: ScriptedServer) -> None:
    server.script = [Reply(drop=True), Reply(drop=True), Reply(body='{"id": 1}')]
    with client_of(server) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {"id": 1}


def test_a_slow_answer_is_tried_again(server: ScriptedServer) -> None:
    server.script = [Reply(wait=0.6), Reply(body='{"id": 1}')]
    with client_of(server, policy=replace(BRISK, read=0.3)) as client:
        assert client.read_entity(Kind.SERVICE, "s1") == {"id": 1}


def test_a_conflict_is_believed_after_three_tries(server: ScriptedServer) -> None:
    server.script = [Reply(409, '{"message": "already finished"}')] * 9
    with client_of(server) as client:
        error = failure_of(client)
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
    with client_of(server, pause=waits.append) as client:
        client.read_entity(Kind.SERVICE, "s1")
    assert waits[0] == 2
    assert 1 < waits[1] <= 3
    assert 1 <= waits[2] <= 2, "neither a number nor a date: the usual wait"


def test_a_wait_beyond_the_patience_is_not_begun(server: ScriptedServer) -> None:
    server.script = [Reply(429, headers={"retry-after": "3600"})]
    waits: list[float] = []
    with client_of(server, pause=waits.append) as client:
        error = failure_of(client)
    assert waits == []
    assert "429" in error.message
    assert isinstance(error, PlatformError)


def test_waits_grow_and_stay_below_their_limit(server: ScriptedServer) -> None:
    server.script = [Reply(500)] * 7
    waits: list[float] = []
    policy = RetryPolicy(total=60, first_wait=1, longest_wait=4)
    with client_of(server, policy=policy, pause=waits.append) as client:
        client.read_entity(Kind.SERVICE, "s1")
    for wait, full in zip(waits, [1, 2, 4, 4, 4, 4, 4], strict=True):
        assert full / 2 <= wait <= full


def test_an_outage_ends_when_the_patience_ends(server: ScriptedServer) -> None:
    server.script = [Reply(503)] * 500
    began = time.monotonic()
    policy = RetryPolicy(total=0.4, first_wait=0.05, longest_wait=0.05)
    with client_of(server, policy=policy, pause=None) as client:
        error = failure_of(client)
    assert time.monotonic() - began < 2
    assert len(server.asked) > 3
    assert error.reason is ReasonCode.PLATFORM_UNREACHABLE
    assert error.exit_code == 17


def test_giving_up_ends_a_wait_at_once(server: ScriptedServer) -> None:
    server.script = [Reply(503)] * 3
    policy = RetryPolicy(total=60, first_wait=30, longest_wait=30)
    began = time.monotonic()
    with client_of(server, policy=policy, pause=None) as client:
        client.give_up()
        assert "503" in failure_of(client).message
    assert time.monotonic() - began < 2


def test_nobody_at_the_address_is_a_platform_error() -> None:
    with scripted_server() as gone:
        pass
    with client_of(gone, policy=replace(BRISK, total=0.1)) as client:
        error = failure_of(client)
    assert error.reason is ReasonCode.PLATFORM_UNREACHABLE
    assert "did not answer when we tried to" in error.message

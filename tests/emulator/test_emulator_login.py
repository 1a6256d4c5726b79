"""Logging in, and what happens without or with an old token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from platform_client import PlatformClient

from purveyor_emulator import Emulator

if TYPE_CHECKING:
    import httpx2  # noqa: TID251 - the tests stand where Purveyor's own client does


@pytest.mark.parametrize("name", ["api_key", "apikey"])
def test_both_spellings_of_the_key_log_in(
    emulator: Emulator, client: PlatformClient, name: str
) -> None:
    answer = client.send("POST", "/token", {name: emulator.api_key})
    assert answer.status == 200
    assert set(answer.body) == {
        "access_token",
        "refresh_token",
        "organization_id",
        "token_expires_at",
    }
    assert answer.body["organization_id"] == 4001
    assert answer.body["token_expires_at"] / 1000 == pytest.approx(time.time() + 3600, abs=60)


def test_a_wrong_key_gets_no_token(client: PlatformClient) -> None:
    assert client.send("POST", "/token", {"api_key": "wrong"}).status == 401
    assert client.send("POST", "/token", {"api_key": "schlüssel"}).status == 401
    assert client.send("POST", "/token", {}).status == 400


def test_a_refresh_token_gets_a_new_access_token(client: PlatformClient) -> None:
    first = client.log_in().body
    body = {"refresh_token": first["refresh_token"], "organization_id": first["organization_id"]}
    second = client.send("POST", "/token", body).body
    client.token = second["access_token"]
    assert second["access_token"] != first["access_token"]
    assert client.send("GET", "/service").status == 200
    assert client.send("POST", "/token", {**body, "organization_id": 1}).status == 401
    assert client.send("POST", "/token", {**body, "refresh_token": "x"}).status == 401


@pytest.mark.parametrize("token", ["", "made-up"])
def test_a_request_without_a_good_token_is_refused(client: PlatformClient, token: str) -> None:
    client.token = token
    for path in ("/service", "/notification", "/nowhere"):
        answer = client.send("GET", path)
        assert answer.status == 401
        assert set(answer.body) == {"message", "id"}


def test_a_token_expires(http: httpx2.Client) -> None:
    with Emulator.running(token_seconds=0.2) as emulator:
        client = PlatformClient(emulator, http)
        ends = client.log_in().body["token_expires_at"] / 1000
        assert client.send("GET", "/service").status == 200
        while time.time() <= ends:
            time.sleep(0.02)
        assert client.send("GET", "/service").status == 401
        client.log_in()
        assert client.send("GET", "/service").status == 200

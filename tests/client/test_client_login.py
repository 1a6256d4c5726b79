"""Which credentials are read, and how long a token says that it lives."""

from __future__ import annotations

import base64

import pytest

from purveyor import json_text
from purveyor.client.login import Credentials, Login, read_credentials
from purveyor.errors import CredentialsError
from purveyor.redaction import Redactor
from purveyor.settings import Settings


def _jwt(**claims: object) -> str:
    parts = [json_text.write(each).encode() for each in ({"alg": "none"}, claims)]
    return ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in (*parts, b"x"))


def _login(credentials: Credentials, *, now: float = 1000.0) -> tuple[Login, list[str]]:
    trades: list[str] = []

    def trade(key: str, _end: float) -> json_text.JsonObject:
        trades.append(key)
        return {"access_token": f"fresh-{len(trades)}"}

    return Login(credentials, trade=trade, redactor=Redactor(), now=lambda: now), trades


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"NP_TOKEN": " "}, None),
        ({"NP_API_KEY": "b"}, Credentials(api_key="b")),
        ({"NULLPLATFORM_API_KEY": "a", "NP_API_KEY": "b"}, Credentials(api_key="a")),
        ({"NP_TOKEN": "t\n", "NP_API_KEY": "b"}, Credentials("t", "b")),
    ],
)
def test_credentials_are_read_in_their_order(
    environ: dict[str, str], expected: Credentials | None
) -> None:
    assert read_credentials(Settings(environ)) == expected


@pytest.mark.parametrize("value", ["a b", "a\nb", "clé", "a\x7fb"])
def test_a_credential_that_no_request_can_carry_is_refused_unseen(value: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        read_credentials(Settings({"NP_TOKEN": value}))
    assert value not in caught.value.message + caught.value.hint


def test_a_given_token_that_has_ended_gives_way_to_the_key() -> None:
    login, trades = _login(Credentials(_jwt(exp=900), "key"))
    assert login.token() == "fresh-1"
    assert trades == ["key"]


@pytest.mark.parametrize("token", [_jwt(exp=2000), _jwt(), "opaque", "a.%%.c", "a.bm90anNvbg.c"])
def test_a_given_token_that_has_not_ended_is_used(token: str) -> None:
    login, trades = _login(Credentials(token, "key"))
    assert login.token() == token
    assert trades == []


def test_a_given_token_that_has_ended_is_all_there_is() -> None:
    login, _ = _login(Credentials(_jwt(exp=900)))
    assert login.token() == _jwt(exp=900)
    assert login.expired
    assert login.renew(login.token()) is None


def test_the_end_of_a_silent_answer_is_the_tokens_own() -> None:
    clock = [1000.0]
    tokens = [_jwt(exp=1100), _jwt(exp=2000)]
    login = Login(
        Credentials(api_key="key"),
        trade=lambda *_: {"access_token": tokens.pop(0)},
        redactor=Redactor(),
        now=lambda: clock[0],
    )
    first = login.token()
    clock[0] = 1080.0
    assert login.token() == first
    clock[0] = 1095.0
    assert login.token() == _jwt(exp=2000)


def test_a_token_that_another_thread_renewed_is_not_renewed_again() -> None:
    login, trades = _login(Credentials(api_key="key"))
    refused = login.token()
    assert login.renew(refused) == "fresh-2"
    assert login.renew(refused) == "fresh-2"
    assert len(trades) == 2


def test_every_credential_is_known_to_the_redactor() -> None:
    hidden = Redactor()
    login = Login(
        Credentials("given-1", "key-one"),
        trade=lambda *_: {"access_token": "fresh-1"},
        redactor=hidden,
        now=lambda: 0.0,
    )
    login.renew("given-1")
    assert hidden.redact("given-1 key-one fresh-1") == "*** *** ***"

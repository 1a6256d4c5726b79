"""What the receiver answers, and that it goes on serving."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from receiver_fixtures import TOKEN, notification, serving, until
from standardwebhooks import Webhook

from purveyor import json_text
from purveyor.errors import CredentialsError
from purveyor.inbox.model import Delivery, DeliveryEnding, DeliveryStatus
from purveyor.receiver import connection_limits
from purveyor.receiver.authentication import Authentication

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from socket import socket

    from receiver_fixtures import Serving

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes.").decode()


def signed(
    body: bytes, *, secret: str = SECRET, age: timedelta = timedelta(0), **other: str
) -> Mapping[str, str]:
    at = datetime.now(UTC) - age
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    stamp = str(int(at.timestamp()))
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}
    return headers | {name.replace("_", "-"): value for name, value in other.items()}


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A receiver that does nothing with what it gets, with success: one for all tests."""
    folder = tmp_path_factory.mktemp("receiver")
    with serving(folder, tokens=(TOKEN, "another-token-of-the-tests"), secrets=(SECRET,)) as one:
        yield one


def test_a_new_notification_is_accepted_and_a_resend_told_how_it_stands(receiver: Serving) -> None:
    first = receiver.send(notification("a1"))
    assert (first.status, first.document) == (202, {"action": "a1", "status": "waiting"})
    until(lambda: receiver.send(notification("a1")).document["status"] == "ended")
    again = receiver.send({**notification("a1"), "id": "another envelope"})
    assert (again.status, again.document) == (200, {"action": "a1", "status": "ended"})


def test_each_of_several_tokens_is_good(receiver: Serving) -> None:
    headers = {"authorization": "Bearer another-token-of-the-tests"}
    assert receiver.send(notification(), headers=headers).status == 202


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN.upper()}"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer \xff\xfe"},
    ],
)
def test_without_the_right_token_nothing_is_taken(
    receiver: Serving, headers: Mapping[str, str]
) -> None:
    answer = receiver.send(notification(), headers=headers)
    assert (answer.status, answer.document["reason"]) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert receiver.send(notification()).status == 202


def test_a_signature_of_the_raw_body_is_good_for_five_minutes(receiver: Serving) -> None:
    body = json_text.write(notification(), indent=3).encode()
    assert receiver.send(body, headers=signed(body)).status == 202
    # The same request again is a replay: it is known, and nothing is done twice.
    assert receiver.send(body, headers=signed(body)).status == 200
    for headers in (
        signed(body, age=timedelta(minutes=6)),
        signed(body, age=timedelta(minutes=-6)),
        signed(body, secret="whsec_" + base64.b64encode(b"x" * 32).decode()),
        signed(body + b" "),
        signed(body, webhook_signature="v1,nonsense"),
        signed(body, webhook_signature="nonsense"),
        signed(body, webhook_timestamp="soon"),
        signed(body, webhook_id=""),
    ):
        answer = receiver.send(body, headers=headers)
        assert (answer.status, answer.document["reason"]) == (401, "UNAUTHORIZED")
    assert receiver.send(b"\xff", headers=signed(b"x")).status == 401


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "CONTEXT_INVALID"),
        (b"{", 400, "CONTEXT_INVALID"),
        (b"[]", 400, "CONTEXT_INVALID"),
        (b'{"notification": []}', 400, "CONTEXT_INVALID"),
        (b'{"notification": {"id": "\xff"}}', 400, "CONTEXT_INVALID"),
        (b'{"a": 1, "a": 2}', 400, "CONTEXT_INVALID"),
        (b"[" * 10_000, 400, "CONTEXT_INVALID"),
        (b'{"notification": {"source": "audit"}}', 400, "CONTEXT_UNSUPPORTED"),
        (b'{"notification": {"service": {"type": "scope"}}}', 400, "CONTEXT_UNSUPPORTED"),
        (b" " * ((1 << 20) + 1), 413, "TOO_LARGE"),
    ],
)
def test_what_is_no_notification_is_refused_and_the_next_one_taken(
    receiver: Serving, body: bytes, status: int, reason: str
) -> None:
    answer = receiver.send(body)
    assert (answer.status, answer.document["reason"]) == (status, reason)
    assert receiver.send(notification()).status == 202


def test_an_id_that_leads_out_of_a_folder_is_refused(receiver: Serving) -> None:
    answer = receiver.send(notification("../../etc"))
    assert (answer.status, answer.document["reason"]) == (400, "CONTEXT_INVALID")


def test_what_nothing_serves_is_refused(receiver: Serving) -> None:
    answer = receiver.send(notification(slug="oracle"))
    assert (answer.status, answer.document["reason"]) == (403, "NOT_SERVED")


def test_a_faulty_one_is_taken_so_that_its_run_can_tell_the_platform(receiver: Serving) -> None:
    assert receiver.send(notification(parameters=["no", "object"])).status == 202


def test_a_body_that_never_ends_is_cut_off(receiver: Serving) -> None:
    with receiver.connect() as connection:
        head = "POST /notifications HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
        connection.sendall(f"{head}authorization: Bearer {TOKEN}\r\n\r\n".encode())
        for _ in range(20):
            connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert b" 413 " in connection.recv(100)
    assert receiver.send(notification()).status == 202


def test_who_sends_headers_slowly_or_without_end_is_hung_up_on(
    receiver: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "HEADER_SECONDS", 0.3)
    slow = [receiver.connect() for _ in range(50)]
    for each in slow:
        each.sendall(b"POST /notifications HTTP/1.1\r\n")
    with receiver.connect() as silent, receiver.connect() as endless:
        assert receiver.send(notification()).status == 202
        assert _is_hung_up_on(silent)
        with pytest.raises(OSError, match=r"reset|pipe|abort"):  # noqa: PT012 - until it is
            endless.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(10_000):
                endless.sendall(b"x: " + b"y" * 1000 + b"\r\n")
    assert all(map(_is_hung_up_on, slow))
    for each in slow:
        each.close()


def _is_hung_up_on(connection: socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_body_that_comes_too_slowly_is_refused_in_time(
    receiver: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("purveyor.receiver.app._READ_SECONDS", 0.2)
    with receiver.connect() as connection:
        head = "POST /notifications HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n"
        connection.sendall(f"{head}authorization: Bearer {TOKEN}\r\n\r\n{{".encode())
        assert b" 408 " in connection.recv(100)


def test_too_many_at_once_are_asked_to_come_again(
    receiver: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("purveyor.receiver.app._MOST_AT_ONCE", 3)
    head = "POST /notifications HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n"
    held = [receiver.connect() for _ in range(3)]
    for each in held:
        each.sendall(f"{head}authorization: Bearer {TOKEN}\r\n\r\n".encode())
    until(lambda: receiver.send(notification()).status == 503)
    answer = receiver.send(notification())
    assert (answer.document["reason"], answer.headers["retry-after"]) == ("BUSY", "1")
    for each in held:
        each.close()
    until(lambda: receiver.send(notification()).status == 202)


def test_a_full_inbox_asks_to_come_again_later(tmp_path: Path) -> None:
    async def wait(_: Delivery) -> DeliveryEnding:
        return DeliveryEnding(DeliveryStatus.WAITING, "LATER")

    with serving(tmp_path, perform=wait, most_waiting=2) as receiver:
        for number in (1, 2):
            assert receiver.send(notification(f"a{number}")).status == 202
        until(lambda: receiver.get("/ready").status == 503)
        answer = receiver.send(notification("a3"))
        assert (answer.status, answer.document["reason"]) == (503, "INBOX_FULL")
        assert answer.headers["retry-after"] == "60"


def test_a_full_disk_is_answered_with_503_and_nothing_is_claimed(tmp_path: Path) -> None:
    with serving(tmp_path) as receiver:
        assert receiver.receiver is not None
        assert receiver.send(notification("a1")).status == 202
        db = receiver.receiver.inbox._db  # type: ignore[attr-defined]  # noqa: SLF001 - the limit is a connection's
        until(lambda: receiver.send(notification("a1")).document["status"] == "ended")
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
        large = notification("a2", parameters={"x": "x" * 9000})
        answer = receiver.send(large)
        assert (answer.status, answer.document["reason"]) == (503, "NOT_STORED")
        assert answer.headers["retry-after"] == "30"
        assert receiver.get("/ready").document["faults"] == ["the inbox cannot be written"]
        assert receiver.get("/health").status == 200
        db.execute("PRAGMA max_page_count = 1000000")
        assert receiver.send(large).status == 202
        assert receiver.get("/ready").status == 200


def test_no_body_and_no_token_is_told(receiver: Serving) -> None:
    receiver.told.clear()
    receiver.send(notification(parameters={"password": "hidden-word"}))
    receiver.send(b'{"hidden-word"')
    receiver.send(notification("a2"), headers={"authorization": "Bearer hidden-word"})
    told = json_text.write(receiver.told)
    assert "hidden-word" not in told
    assert TOKEN not in told
    names = [each["event"] for each in receiver.told]
    assert (names.count("accepted"), names.count("refused")) == (1, 2)


def test_other_addresses_and_methods_are_errors_in_json(receiver: Serving) -> None:
    assert receiver.get("/").status == 404
    assert receiver.get("/notifications").document["reason"] == "HTTP_405"
    assert receiver.send(b"", method="DELETE", path="/health").status == 405
    with receiver.connect() as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b" 400 " in connection.recv(100)
    assert receiver.get("/openapi.json").document["openapi"] == "3.1.0"


def test_it_answers_within_seconds_when_the_disk_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("purveyor.receiver.app._STORE_SECONDS", 0.2)
    with serving(tmp_path) as receiver:
        assert receiver.receiver is not None
        receiver.receiver.inbox._thread.submit(time.sleep, 1.0)  # type: ignore[attr-defined]  # noqa: SLF001 - as a hung disk does
        assert receiver.send(notification("a1")).status == 503
        until(lambda: receiver.send(notification("a1")).status == 200)


@pytest.mark.parametrize(
    ("tokens", "secrets"), [(("short",), ()), ((), ("whsec_!",)), ((), ("é",))]
)
def test_what_protects_nothing_is_refused_at_the_start(
    tokens: tuple[str, ...], secrets: tuple[str, ...]
) -> None:
    with pytest.raises(CredentialsError):
        Authentication(tokens, secrets, anybody=False)

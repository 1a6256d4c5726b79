"""Requests over real HTTP on loopback: what comes back, and what is said when nothing does."""

from __future__ import annotations

import contextlib
import gzip
import math
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from scripted_site import Site, failure_of

from purveyor.clock import Clock
from purveyor.transport.connection import Connection, Request
from purveyor.transport.download import DownloadError, download
from purveyor.transport.errors import FailureKind, NoResponseError, TransientError, is_transient
from purveyor.transport.pools import Identity
from purveyor.transport.retry import CLOUD, DOWNLOAD, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


AT_ONCE = Clock(pause=lambda _: None)


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def site(running: Site) -> Site:
    running.asked.clear()
    running.ports.clear()
    return running


@pytest.fixture
def connection() -> Iterator[Connection]:
    with contextlib.closing(Connection(clock=AT_ONCE, largest=1 << 20)) as opened:
        yield opened


def test_an_answer_has_its_status_headers_content_and_length(
    site: Site, connection: Connection
) -> None:
    response = connection.send(Request("GET", f"{site.url}/whole", {"x-key": "1"}))
    assert (response.status, response.ok, response.text) == (200, True, "whole")
    assert response.length == int(response.headers["content-length"])
    path, headers = site.asked[0]
    assert path == "/whole"
    assert headers["x-key"] == "1"
    assert headers["user-agent"].startswith("purveyor/")


def test_a_connection_is_kept_for_the_next_request(site: Site, connection: Connection) -> None:
    for _ in range(3):
        connection.send(Request("GET", f"{site.url}/whole"))
    assert len(site.ports) == 1
    connection.close()
    assert connection.send(Request("GET", f"{site.url}/whole")).ok
    assert len(site.ports) == 2


def test_a_redirect_is_an_answer_and_not_followed(site: Site, connection: Connection) -> None:
    response = connection.send(Request("GET", f"{site.url}/moves"))
    assert (response.status, response.ok) == (302, False)
    assert len(site.asked) == 1


def test_the_status_alone_is_asked_for_without_the_body(site: Site, connection: Connection) -> None:
    response = connection.send(Request("GET", f"{site.url}/large", body=False))
    assert (response.status, response.content, response.length) == (200, b"", 3_000_000)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/hangs-up", FailureKind.UNREACHABLE),
        ("/breaks-off", FailureKind.UNREACHABLE),
        ("/lies", FailureKind.UNREADABLE),
        ("/large", FailureKind.UNREADABLE),
    ],
)
def test_what_is_no_whole_answer_is_none(
    site: Site, connection: Connection, path: str, kind: FailureKind
) -> None:
    error = failure_of(connection, f"{site.url}{path}")
    assert error.kind is kind
    assert isinstance(error, TransientError) is (kind is FailureKind.UNREACHABLE)


@pytest.mark.parametrize(
    ("url", "headers", "kind"),
    [
        ("http://127.0.0.1:1/", {}, FailureKind.UNREACHABLE),
        ("ftp://127.0.0.1/", {}, FailureKind.SETUP),
        ("http://[::1/", {}, FailureKind.SETUP),
        ("http://127.0.0.1:1/", {"authorization": "Bearer sécret"}, FailureKind.SETUP),
    ],
)
def test_a_request_that_cannot_be_made_is_told_apart_from_a_server_that_is_away(
    connection: Connection, url: str, headers: dict[str, str], kind: FailureKind
) -> None:
    with pytest.raises(NoResponseError) as caught:
        connection.send(Request("GET", url, headers))
    assert caught.value.kind is kind
    assert "cret" not in f"{caught.value} {caught.value.cause}"
    assert caught.value.__cause__ is None


def test_a_header_with_a_line_break_is_neither_sent_nor_told(
    site: Site, connection: Connection
) -> None:
    with pytest.raises(NoResponseError) as caught:
        connection.send(Request("GET", site.url, {"authorization": "Bearer a\nx-secret: b"}))
    assert caught.value.kind is FailureKind.SETUP
    assert "secret" not in f"{caught.value} {caught.value.cause}"
    assert site.asked == []


def test_a_server_that_says_nothing_is_left_after_the_reading_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quick = Connection(RetryPolicy(attempts=1, total=math.inf, read=0.05))
        error = failure_of(quick, f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert error.kind is FailureKind.TIMED_OUT
    assert isinstance(error, TransientError)


def test_what_does_not_speak_tls_or_is_no_certificate_authority_is_explained(site: Site) -> None:
    error = failure_of(Connection(), site.url.replace("http:", "https:"))
    assert error.kind is FailureKind.UNREACHABLE
    broken = Connection(identity=Identity(authority="no PEM"))
    assert failure_of(broken, "https://127.0.0.1:1/").kind is FailureKind.SETUP


def test_who_we_are_goes_with_every_request(site: Site) -> None:
    who = Identity("me", "secret", {"x-token": "t"})
    Connection(identity=who).send(Request("GET", f"{site.url}/whole"))
    _, headers = site.asked[0]
    assert headers["authorization"].startswith("Basic ")
    assert headers["x-token"] == "t"
    assert "secret" not in repr(who)


@pytest.mark.parametrize("direct", [True, False])
def test_plain_http_goes_by_the_environment_s_proxy_only_where_it_may(
    site: Site, monkeypatch: pytest.MonkeyPatch, *, direct: bool
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, site.url)
    asked = Connection(direct=direct)
    if direct:
        assert failure_of(asked, "http://127.0.0.1:1/x").kind is FailureKind.UNREACHABLE
        assert site.asked == []
    else:
        assert asked.send(Request("GET", "http://elsewhere.example/x")).ok
        assert site.asked[0][0] == "http://elsewhere.example/x"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 410, 429, 500, 501, 503])
def test_a_status_that_may_pass_is_asked_again_and_the_last_answer_is_returned(
    site: Site, connection: Connection, status: int
) -> None:
    signed: list[int] = []

    def sign() -> Request:
        signed.append(len(signed))
        return Request("GET", f"{site.url}/status/{status}")

    response = connection.ask(sign)
    assert (response.status, response.detail) == (status, "No.")
    assert len(signed) == connection.sent == (CLOUD.attempts if is_transient(status) else 1)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, FailureKind.OTHER),
        (401, FailureKind.INVALID),
        (403, FailureKind.DENIED),
        (404, FailureKind.MISSING),
        (409, FailureKind.OTHER),
        (500, FailureKind.UNREACHABLE),
        (599, FailureKind.UNREACHABLE),
    ],
)
def test_a_status_has_one_meaning_for_every_server(status: int, kind: FailureKind) -> None:
    assert FailureKind.of_status(status) is kind


def test_a_download_follows_redirects_and_keeps_what_was_stored(site: Site, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    target = tmp_path / "file"
    digest = download(
        f"{site.url}/moves", target, on_progress=lambda *told: seen.append(told), policy=DOWNLOAD
    )
    assert gzip.decompress(target.read_bytes()) == b"whole"
    assert len(digest) == 64
    assert seen[-1] == (target.stat().st_size, target.stat().st_size)
    assert [headers["accept-encoding"] for _, headers in site.asked] == ["identity"] * 2


@pytest.mark.parametrize(
    ("path", "words"),
    [("/status/404", "^HTTP status 404$"), ("/large", "larger than 1024 bytes")],
)
def test_a_download_that_cannot_come_right_is_not_tried_again(
    site: Site, tmp_path: Path, path: str, words: str
) -> None:
    with pytest.raises(DownloadError, match=words):
        download(f"{site.url}{path}", tmp_path / "file", largest=1024)
    assert len(site.asked) == 1


@pytest.mark.parametrize("path", ["/status/503", "/breaks-off", "/hangs-up"])
def test_a_download_that_may_come_right_is_tried_again_and_says_how_often(
    site: Site, tmp_path: Path, path: str
) -> None:
    quick = RetryPolicy(attempts=3, total=math.inf, first_wait=0)
    with pytest.raises(DownloadError, match=r"\(tried 3 times\)$"):
        download(f"{site.url}{path}", tmp_path / "file", policy=quick)
    assert len(site.asked) == 3

"""Requests over real HTTP on loopback: what comes back, and what is said when nothing does."""

from __future__ import annotations

import contextlib
import gzip
import math
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

import pytest

from azure_certificate import write_certificate
from purveyor.clock import Clock
from purveyor.transport.connection import Connection, Identity, Request
from purveyor.transport.download import DownloadError, download
from purveyor.transport.errors import FailureKind, NoResponseError, TransientError, is_transient
from purveyor.transport.retry import CLOUD, DOWNLOAD, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azure_certificate import Certificate

AT_ONCE = Clock(pause=lambda _: None)


class Site(ThreadingHTTPServer):
    """Answers each path in one way, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.ports: set[int] = set()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


_ONWARD = {
    "/moves": "/whole",
    "/leads-to-plain-http": "http://localhost:1/file",
    "/leads-round": "/leads-round",
}


class _Asked(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        self.server.ports.add(self.client_address[1])
        match self.path:
            case "/hangs-up":
                self.close_connection = True
            case "/moves" | "/leads-to-plain-http" | "/leads-round" as path:
                self._answer(302, b"", location=_ONWARD[path])
            case "/lies":
                self._answer(200, b"no gzip", content_encoding="gzip")
            case "/breaks-off":
                self._answer(200, b"ab", content_length="9")
                self.close_connection = True
            case "/large":
                self._answer(200, b"x" * 3_000_000)
            case path if path.startswith("/status/"):
                self._answer(int(path.rpartition("/")[2]), b"No.")
            case _:
                self._answer(200, gzip.compress(b"whole"), content_encoding="gzip")

    def _answer(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"content_length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


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


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return write_certificate(tmp_path_factory.mktemp("certificate"), ["localhost"])


@pytest.fixture(scope="module")
def secure(certificate: Certificate) -> Iterator[Site]:
    """A site behind TLS, whose authority the tests have made."""
    with Site() as server:
        server.socket = certificate.context().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def connection() -> Iterator[Connection]:
    with contextlib.closing(Connection(clock=AT_ONCE, largest=1 << 20)) as opened:
        yield opened


def failure_of(connection: Connection, url: str) -> NoResponseError:
    with pytest.raises(NoResponseError) as caught:
        connection.send(Request("GET", url))
    return caught.value


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


def secure_url(secure: Site, path: str = "/whole") -> str:
    return f"https://localhost:{secure.server_port}{path}"


def test_a_certificate_is_trusted_by_the_environment_or_by_who_we_are_and_not_otherwise(
    secure: Site, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert failure_of(Connection(), secure_url(secure)).kind is FailureKind.UNTRUSTED
    who = Identity(authority=certificate.authority.read_text())
    assert Connection(identity=who).send(Request("GET", secure_url(secure))).text == "whole"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    assert Connection().send(Request("GET", secure_url(secure))).text == "whole"
    wrong_name = secure_url(secure).replace("localhost", "127.0.0.1")
    assert failure_of(Connection(), wrong_name).kind is FailureKind.UNTRUSTED


class _Tunnel(StreamRequestHandler):
    """A proxy that lets those through who log in as `me`."""

    def handle(self) -> None:
        asked = self.rfile.readline().decode()
        headers = [line.decode().strip() for line in iter(self.rfile.readline, b"\r\n")]
        if "proxy-authorization: Basic bWU6cHdA" not in headers:
            self.wfile.write(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n")
            return
        host, _, port = asked.split()[1].partition(":")
        with socket.create_connection((host, int(port))) as there:
            self.wfile.write(b"HTTP/1.1 200 Yes\r\n\r\n")
            pair = {self.connection: there, there: self.connection}
            while True:
                for each in select.select(list(pair), [], [])[0]:
                    if not (part := each.recv(1 << 16)):
                        return
                    pair[each].sendall(part)


@pytest.fixture
def tunnel(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    for name in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingTCPServer(("127.0.0.1", 0), _Tunnel) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_https_goes_through_the_environment_s_proxy_with_its_login(
    secure: Site, certificate: Certificate, tunnel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:pw%40@127.0.0.1:{tunnel}")
    secure.ports.clear()
    with contextlib.closing(Connection()) as through:
        assert through.send(Request("GET", secure_url(secure))).text == "whole"
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{tunnel}")
    refused = failure_of(Connection(), secure_url(secure))
    assert refused.kind is FailureKind.PROXY
    assert isinstance(refused, TransientError)
    monkeypatch.setenv("NO_PROXY", "localhost")
    with contextlib.closing(Connection()) as direct:
        assert direct.send(Request("GET", secure_url(secure))).text == "whole"


def test_a_proxy_that_is_away_is_told_apart_from_a_server_that_is(
    secure: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert failure_of(Connection(), secure_url(secure)).kind is FailureKind.PROXY


def test_a_download_that_leads_on_to_an_address_without_https_or_round_is_not_followed(
    secure: Site, certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
    with pytest.raises(DownloadError, match="without https"):
        download(secure_url(secure, "/leads-to-plain-http"), tmp_path / "file")
    with pytest.raises(DownloadError, match="more than 20 times"):
        download(secure_url(secure, "/leads-round"), tmp_path / "file")


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

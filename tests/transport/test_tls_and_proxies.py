"""Requests by TLS and through proxies, both real: whom we trust, and what is said otherwise."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING

import pytest
from scripted_site import Site, failure_of

from certificate import write_certificate
from purveyor.transport.connection import Connection, Request
from purveyor.transport.download import DownloadError, download
from purveyor.transport.errors import FailureKind, TransientError
from purveyor.transport.pools import Identity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from certificate import Certificate


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

"""A real Azurite behind a proxy that leads every Azure host to it, and a stand-in for its login.

The engine's azurerm backend dials `<account>.blob.core.windows.net` whatever it is told
(measured), so that the proxy, and a certificate for that name, bring it here.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from certificate import write_certificate
from purveyor import json_text
from purveyor.cloud.azure import AzureStorage
from purveyor.settings import Settings
from store_process import free_port, run_store

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ACCOUNT = "acmestates"
ACCESS_KEY = base64.b64encode(b"a key that only the tests know 01234567890123456789").decode()
LOGIN_HOST = "login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class AzuriteServer:
    """The proxy on the way there, and the authority that signed its certificate.

    `logins` holds the forms that were sent to log in; `token` is what a login gets.
    """

    proxy: str
    authority: Path
    token: str
    logins: list[dict[str, str]] = field(default_factory=list)

    def way(self) -> dict[str, str]:
        """Return the variables that lead there, without any credentials."""
        return {"HTTPS_PROXY": self.proxy, "SSL_CERT_FILE": str(self.authority)}

    def environment(self) -> dict[str, str]:
        """Return the variables that lead there and let in."""
        return self.way() | {"ARM_ACCESS_KEY": ACCESS_KEY}

    def storage(self) -> AzureStorage:
        """Return a way to the blobs for arranging and looking; the process needs `way()`."""
        return AzureStorage(ACCOUNT, None, Settings({"ARM_ACCESS_KEY": ACCESS_KEY}))

    def make_container(self, name: str) -> None:
        """Make a container."""
        assert self.storage().ask("PUT", name, query={"restype": "container"}).ok

    def put(self, container: str, name: str, text: str) -> None:
        """Write a blob."""
        kind = {"x-ms-blob-type": "BlockBlob", "content-type": "application/json"}
        path = f"{container}/{name}"
        answer = self.storage().ask("PUT", path, headers=kind, content=text.encode())
        assert answer.ok, answer.text

    def names(self, container: str) -> list[str]:
        """Return the names of all blobs."""
        query = {"restype": "container", "comp": "list"}
        found = self.storage().ask("GET", container, query=query).text.split("<Name>")[1:]
        return [each.partition("<")[0] for each in found]


@contextlib.contextmanager
def run_azurite(node: Path, program: Path, folder: Path) -> Iterator[AzuriteServer]:
    """Run Azurite, its proxy and its login on free ports; what it holds is gone with it."""
    certificate = write_certificate(folder, [f"{ACCOUNT}.blob.core.windows.net", LOGIN_HOST])
    port = free_port()
    argv = [str(node), str(program), "--inMemoryPersistence", "--silent", "--disableTelemetry"]
    argv += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--oauth", "basic"]
    # The engines speak a newer version of the service than Azurite knows.
    argv += [
        "--skipApiVersionCheck",
        "--cert",
        str(certificate.chain),
        "--key",
        str(certificate.key),
    ]
    environment = {"HOME": str(folder), "AZURITE_ACCOUNTS": f"{ACCOUNT}:{ACCESS_KEY}"}
    logins: list[dict[str, str]] = []
    token = make_token()
    with (
        run_store(argv, port, folder=folder, environment=environment),
        _serving(_login(token, logins, certificate.context())) as login_port,
        _serving(_proxy({LOGIN_HOST: login_port}, port)) as proxy_port,
    ):
        yield AzuriteServer(f"http://127.0.0.1:{proxy_port}", certificate.authority, token, logins)


def make_token() -> str:
    """Return a token as Azurite reads it: what it claims counts, nobody checks its signature."""
    claims = {
        "aud": "https://storage.azure.com",
        "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
        "iat": 1700000000,
        "nbf": 1700000000,
        "exp": 4000000000,
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    texts = [base64.urlsafe_b64encode(json_text.write(each).encode()) for each in parts]
    return ".".join([*(each.decode().rstrip("=") for each in texts), "c2lnbmF0dXJl"])


@contextlib.contextmanager
def _serving(server: TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _proxy(elsewhere: Mapping[str, int], port: int) -> TCPServer:
    class Connect(StreamRequestHandler):
        def handle(self) -> None:
            _, target, _ = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            there = elsewhere.get(target.partition(":")[0], port)
            with socket.create_connection(("127.0.0.1", there), 10) as upstream:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(upstream, self.connection))
                back.start()
                _pass_on(self.connection, upstream)
                back.join()

    return _ProxyServer(("127.0.0.1", 0), Connect)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        source.settimeout(None)
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _login(token: str, logins: list[dict[str, str]], context: ssl.SSLContext) -> TCPServer:
    class Login(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            logins.append({"path": self.path} | {name: text[0] for name, text in form.items()})
            wrong = "wrong" in form.get("client_secret", [""])[0]
            body = {"error_description": "AADSTS7000215: Invalid client secret: wrong."}
            if not wrong:
                body = {"access_token": token, "expires_in": "3600", "token_type": "Bearer"}
            self.answer(401 if wrong else 200, body)

        def do_GET(self) -> None:
            tenant = f"https://{LOGIN_HOST}/{self.path.split('/')[1]}"
            body = {
                "issuer": f"{tenant}/v2.0",
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
            }
            self.answer(200, body)

        def answer(self, status: int, body: Mapping[str, str]) -> None:
            content = json_text.write(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = _LoginServer(("127.0.0.1", 0), Login)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


class _Quiet(ThreadingMixIn):
    """Lets connections end with the test, and says nothing of those that break off."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Stay quiet."""


class _ProxyServer(_Quiet, TCPServer):
    pass


class _LoginServer(_Quiet, HTTPServer):
    pass

"""Serves the application on a socket, in a thread, until told to stop."""

from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from starlette.applications import Starlette

_LAST_ANSWERS_SECONDS = 1
_BACKLOG = 128
LOOPBACK = "127.0.0.1"
_OPENSSL = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost"
    " -addext subjectAltName=IP:127.0.0.1,DNS:localhost"
    " -addext keyUsage=critical,digitalSignature,keyCertSign"
)


class Connections:
    """The open connections by client address, so that one can be cut."""

    def __init__(self) -> None:
        self._transports: dict[tuple[str, int], asyncio.BaseTransport] = {}

    def add(self, address: tuple[str, int], transport: asyncio.BaseTransport) -> None:
        """Remember a connection."""
        self._transports[address] = transport

    def remove(self, address: tuple[str, int]) -> None:
        """Forget a connection."""
        self._transports.pop(address, None)

    def abort(self, address: tuple[str, int]) -> None:
        """Cut a connection without a word."""
        transport = self._transports.get(address)
        if transport is not None:
            getattr(transport, "abort", transport.close)()


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback; port 0 means any free one. Raises OSError."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.setblocking(False)
    return listening


@contextlib.contextmanager
def certified() -> Iterator[Path]:
    """Make a certificate, its own authority, and its key in one file while the block runs."""
    with tempfile.TemporaryDirectory(prefix="purveyor-emulator-") as folder:
        path = Path(folder, "certificate.pem")
        argv = (*_OPENSSL.split(), "-keyout", str(path), "-out", str(path))
        done = process.run(process.Command(argv, path.parent, {}))  # found on the default PATH
        if done.code:
            raise OSError(done.stderr)
        yield path


@contextlib.contextmanager
def serving(
    app: Starlette, listening: socket.socket, connections: Connections, certificate: Path | None
) -> Iterator[None]:
    """Serve while the block runs, https with a certificate; open answers get a second to end."""
    import uvicorn

    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready.set()

    config = uvicorn.Config(
        app,
        http=_protocol(connections),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=certificate,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )
    server = Server(config)

    def serve() -> None:
        with contextlib.ExitStack() as ending:
            ending.callback(ready.set)
            server.run([listening])

    thread = threading.Thread(target=serve, name="emulator", daemon=True)
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def _protocol(connections: Connections) -> type[asyncio.Protocol]:
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections.add(self.client, transport)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                connections.remove(self.client)
            super().connection_lost(exc)

    return Protocol

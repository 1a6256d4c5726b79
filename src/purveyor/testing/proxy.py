"""A small TCP proxy in front of a store, to be cut or held in the middle of its work."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAP = 0.02
_CHUNK = 65536


class Proxy:
    """Passes bytes on until it is cut.

    `hold` lets nothing through that has certain bytes, not even later when its sender is gone
    by then; `lose` loses the answer to it.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._cut = threading.Event()
        self._closed = threading.Event()
        self._holding = b""
        self._losing = b""
        self.held = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def cut(self) -> None:
        """Break every connection, and each new one at once, until `mend`."""
        self._cut.set()

    def hold(self, part: bytes) -> None:
        """Never pass on a request that has these bytes; `held` is set when one came."""
        self._holding = part

    def lose(self, part: bytes) -> None:
        """Pass the next request on that has these bytes, and break its connection at the answer."""
        self._losing = part

    def mend(self) -> None:
        """Let everything through again."""
        self._cut.clear()
        self._holding = b""
        self._losing = b""

    def close(self) -> None:
        """Stop."""
        self._closed.set()
        for each in self._threads:
            each.join()
        self._door.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            if not select.select([self._door], [], [], _NAP)[0]:
                continue
            client, _ = self._door.accept()
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            if not self._cut.is_set():
                with socket.create_connection(self._target) as server:
                    self._pass_on({client: server, server: client}, client)

    def _pass_on(self, other: dict[socket.socket, socket.socket], client: socket.socket) -> None:
        lost = False
        while not self._closed.is_set() and not self._cut.is_set():
            for each in select.select(list(other), [], [], _NAP)[0]:
                data = each.recv(_CHUNK)
                if not data or (lost and each is not client):
                    return
                if each is client and self._losing and self._losing in data:
                    lost, self._losing = True, b""
                if each is client and self._holding and self._holding in data:
                    self.held.set()
                    while self._holding and not self._closed.wait(_NAP):
                        pass
                    if _is_gone(client):
                        return
                other[each].sendall(data)


def _is_gone(client: socket.socket) -> bool:
    there = select.select([client], [], [], 0)[0]
    return bool(there) and not client.recv(1, socket.MSG_PEEK)


@contextlib.contextmanager
def run_proxy(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy in front of `host`:`port` on a free port of loopback."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()

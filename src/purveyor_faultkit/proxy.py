"""A small TCP proxy in front of a store, to be cut or disturbed in the middle of its work."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAP = 0.02
_CHUNK = 65536
_ERROR = "<Error><Code>{code}</Code><Message>No.</Message></Error>"
_CODES = {403: "AccessDenied", 503: "SlowDown"}


class _How(Enum):
    HOLD = "never passed on"
    LOSE = "passed on, its answer is lost"
    FAIL = "refused"
    CUT = "the last one that is passed on"
    SLOW = "passed on later"


@dataclass(slots=True)
class _Rule:
    part: re.Pattern[bytes]
    how: _How
    times: int = -1
    seconds: float = 0.0
    status: int = 503


class Proxy:
    """Passes bytes on until it is cut.

    What is done to a request is told by a part of it, a regular expression: `hold` does not pass
    it on, not even later when its sender is gone by then; `lose` loses its answer, `fail` refuses
    it, `slow` delays it, `cut_after` cuts everything once it has been passed on. `held` is set
    when one of them has met its request.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._cut = threading.Event()
        self._closed = threading.Event()
        self._rules: list[_Rule] = []
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
        """Never pass on a request that has this part."""
        self._rules.append(_Rule(re.compile(part), _How.HOLD))

    def lose(self, part: bytes, *, times: int = 1) -> None:
        """Pass requests with this part on, and break their connections at the answer."""
        self._rules.append(_Rule(re.compile(part), _How.LOSE, times))

    def fail(self, part: bytes, *, times: int = -1, status: int = 503) -> None:
        """Answer requests with this part as S3 refuses them, by 403 or 503; pass none of them on.

        Clients try a 503 again and again, for half a minute or longer, and a 403 never.
        """
        self._rules.append(_Rule(re.compile(part), _How.FAIL, times, status=status))

    def slow(self, part: bytes, seconds: float) -> None:
        """Pass requests with this part on after some seconds."""
        self._rules.append(_Rule(re.compile(part), _How.SLOW, seconds=seconds))

    def cut_after(self, part: bytes) -> None:
        """Pass the next request with this part on, then break everything until `mend`."""
        self._rules.append(_Rule(re.compile(part), _How.CUT, times=1))

    def mend(self) -> None:
        """Let everything through again."""
        self._cut.clear()
        self._rules = []

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
                    self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        lost = False
        while not self._closed.is_set() and not self._cut.is_set():
            for each in select.select([client, server], [], [], _NAP)[0]:
                data = each.recv(_CHUNK)
                if not data or (lost and each is server):
                    return
                if each is server:
                    client.sendall(data)
                    continue
                rule = self._disturb(data)
                how = rule.how if rule else None
                if rule and how is _How.FAIL:
                    _refuse(client, rule.status)
                if how is _How.FAIL or (how is _How.HOLD and _is_gone(client)):
                    return
                lost = lost or how is _How.LOSE
                server.sendall(data)
                if how is _How.CUT:
                    # What is sent is carried out, unless it is cut off before it is read.
                    select.select([server], [], [], 1.0)
                    self._cut.set()

    def _disturb(self, data: bytes) -> _Rule | None:
        """Return the rule for a request, None without one; hold it, or wait, where that says so."""
        rule = next((each for each in self._rules if each.times and each.part.search(data)), None)
        if rule is None:
            return None
        rule.times -= 1
        self.held.set()
        if rule.how is _How.SLOW:
            time.sleep(rule.seconds)
        while rule.how is _How.HOLD and rule in self._rules and not self._closed.wait(_NAP):
            pass
        return rule


def _is_gone(client: socket.socket) -> bool:
    there = select.select([client], [], [], 0)[0]
    return bool(there) and not client.recv(1, socket.MSG_PEEK)


def _refuse(client: socket.socket, status: int) -> None:
    body = _ERROR.format(code=_CODES.get(status, "InternalError")).encode()
    head = f"HTTP/1.1 {status} No\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    client.settimeout(1.0)
    client.sendall(head.encode() + body)
    client.shutdown(socket.SHUT_WR)
    while client.recv(_CHUNK):  # a body that is still on its way must not break the answer
        pass


@contextlib.contextmanager
def run_proxy(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy in front of `host`:`port` on a free port of loopback."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()

"""Receivers for tests: one in a thread, of which a test sees all, and one in its own process."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import itertools
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uvicorn import Config, Server

from purveyor import json_text
from purveyor.inbox.model import Delivery, DeliveryEnding, DeliveryStatus
from purveyor.inbox.sqlite import SqliteInbox
from purveyor.receiver.app import Receiver, build_app
from purveyor.receiver.authentication import Authentication
from purveyor.receiver.connection_limits import LimitedProtocol
from purveyor.receiver.serving import ServeLimits, serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from pathlib import Path

    from purveyor.inbox.model import Inbox

TOKEN = "a-token-of-the-tests"
BEARER = {"authorization": f"Bearer {TOKEN}"}


_NUMBERS = itertools.count()


def notification(
    action: str = "", service: str = "s1", slug: str = "mysql", **more: Any
) -> dict[str, Any]:
    """An envelope with all that a receiver needs, of an action of its own."""
    inner = {
        "id": action or f"fresh-{next(_NUMBERS)}",
        "type": "create",
        "service": {"id": service, "specification": {"slug": slug}},
        **more,
    }
    return {"id": 1, "source": "service", "notification": inner}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    document: Any


@dataclass
class Serving:
    """A running receiver."""

    port: int
    told: list[dict[str, Any]] = field(default_factory=list)
    receiver: Receiver | None = None
    server: Server | None = None

    def send(
        self,
        body: object = None,
        *,
        method: str = "POST",
        path: str = "/notifications",
        headers: Mapping[str, str] = BEARER,
    ) -> Answer:
        """Send one request on a connection of its own; a body that is no bytes goes as JSON."""
        raw = body if isinstance(body, bytes) else json_text.write(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, raw if method == "POST" else None, dict(headers))
            response = connection.getresponse()
            text = response.read().decode()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, json_text.parse(text) if text else None)

    def get(self, path: str) -> Answer:
        """Ask without a token."""
        return self.send(method="GET", path=path, headers={})

    def connect(self) -> socket.socket:
        """Open a connection to misuse."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


async def end_at_once(_: Delivery) -> DeliveryEnding:
    """Carry out nothing, with success."""
    return DeliveryEnding(DeliveryStatus.ENDED, "DONE")


def _open_server(receiver: Receiver) -> Server:
    return Server(
        Config(
            build_app(receiver),
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )


@contextlib.contextmanager
def serving(
    folder: Path,
    *,
    tokens: tuple[str, ...] = (TOKEN,),
    secrets: tuple[str, ...] = (),
    perform: Callable[[Delivery], Awaitable[DeliveryEnding]] = end_at_once,
    serves: Callable[[str, str], bool] = lambda slug, _: slug == "mysql",
    most_waiting: int = 1000,
) -> Iterator[Serving]:
    """Serve in a thread while the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = Serving(listener.getsockname()[1])

    def tell(event: str, /, **fields: object) -> None:
        running.told.append({"event": event, **fields})

    async def live() -> None:
        inbox: Inbox = SqliteInbox(folder / "inbox.sqlite")
        receiver = Receiver(
            inbox,
            Authentication(tokens, secrets, anybody=False),
            serves,
            tell,
            most_waiting=most_waiting,
        )
        running.receiver = receiver
        running.server = _open_server(receiver)
        limits = ServeLimits(4, 5.0, 3600.0, lambda _: None)
        await serve(receiver, running.server, listener, perform=perform, limits=limits, tell=tell)

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        until(lambda: running.receiver is not None and running.receiver.works)
        yield running
    finally:
        assert running.server is not None
        running.server.should_exit = True
        thread.join()


def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)

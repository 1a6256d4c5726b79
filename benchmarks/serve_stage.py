"""The receiver that is measured: `python serve_stage.py INBOX WAIT`; it says its port and itself.

With WAIT `none` deliveries begin and never end, so that accepting alone is measured; else each ends
at once, and the line `begun` tells when.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from typing import TYPE_CHECKING

import uvloop
from starlette.responses import Response
from starlette.routing import Route
from uvicorn import Config, Server

from purveyor.inbox import open_inbox
from purveyor.inbox.model import DeliveryEnding, DeliveryStatus
from purveyor.receiver.app import Receiver, build_app
from purveyor.receiver.authentication import Authentication
from purveyor.receiver.connection_limits import LimitedProtocol
from purveyor.receiver.events import log_events
from purveyor.receiver.serving import ServeLimits, serve

if TYPE_CHECKING:
    from starlette.requests import Request

    from purveyor.inbox.model import Delivery

TOKEN = "a-token-of-the-benchmark"  # noqa: S105 - of nothing else


async def take_nothing(request: Request) -> Response:
    """Answer as the receiver does, and store nothing."""
    await request.body()
    return Response('{"action": "none", "status": "waiting"}', 202, media_type="application/json")


async def live(address: str, *, ends: bool) -> None:
    """Serve as `purveyor serve` does, but for the runs."""
    out = sys.stdout

    async def perform(_: Delivery) -> DeliveryEnding:
        if not ends:
            await asyncio.Event().wait()
        print(f"begun {time.monotonic()}", file=sys.stderr, flush=True)  # noqa: T201 - measured
        return DeliveryEnding(DeliveryStatus.ENDED, "DONE")

    tell = log_events(lambda line: print(line, file=out, flush=True))
    authentication = Authentication((TOKEN,), (), anybody=False)
    receiver = Receiver(
        open_inbox(address), authentication, lambda *_: True, tell, most_waiting=1_000_000
    )
    app = build_app(receiver, [Route("/bare", take_nothing, methods=["POST"])])
    config = Config(
        app, http=LimitedProtocol, ws="none", lifespan="off", access_log=False, log_config=None
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    limits = ServeLimits(4, 0.0, 1e9, lambda _: None)
    print(f"port {listener.getsockname()[1]}", file=sys.stderr, flush=True)  # noqa: T201 - told
    await serve(receiver, Server(config), listener, perform=perform, limits=limits, tell=tell)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(sys.argv[1], ends=sys.argv[2] != "none"))

"""Forks receivers that a test kills, all on one port: `python killed_receiver.py FOLDER`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from uvicorn import Config, Server

from purveyor.inbox.sqlite import SqliteInbox
from purveyor.receiver.app import Receiver, build_app
from purveyor.receiver.authentication import Authentication
from purveyor.receiver.connection_limits import LimitedProtocol
from purveyor.receiver.runs import RunsHere
from purveyor.receiver.serving import ServeLimits, serve

# In the place of `purveyor run`: one effect an action, however often it runs, as with a journal.
RUN = """
import json, os, time
inner = json.load(open("context.json"))["notification"]
log = os.open("../../effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def note(what):
    os.write(log, f"{what} {inner['service']['id']} {inner['id']}\\n".encode())
note("begin")
try:
    os.close(os.open("../../done-" + inner["id"], os.O_CREAT | os.O_EXCL))
    time.sleep(0.01)
    note("effect")
except FileExistsError:
    pass
note("end")
print(json.dumps({"platform_heard": True, "reason": "DONE"}))
"""


async def live(listener: socket.socket, folder: Path) -> None:
    """Serve until killed."""

    def tell(event: str, /, **_: object) -> None:
        del event

    runs = RunsHere(
        folder=folder / "runs",
        arguments=(),
        environment={},
        tell=tell,
        confirm=lambda body: body,
        command=(sys.executable, "-S", "-c", RUN),
    )
    receiver = Receiver(
        SqliteInbox(folder / "inbox.sqlite"),
        Authentication((), (), anybody=True),
        lambda *_: True,
        tell,
    )
    config = Config(
        build_app(receiver), http=LimitedProtocol, ws="none", lifespan="off", log_config=None
    )
    limits = ServeLimits(4, 5.0, 3600.0, runs.forget)
    await serve(receiver, Server(config), listener, perform=runs, limits=limits, tell=tell)


def main() -> None:
    """Say the port; then fork a receiver for each line that comes in, and say its process id."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - told to the test
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asyncio.run(live(listener, Path(sys.argv[1])))
            return
        print(pid, flush=True)  # noqa: T201 - told to the test


if __name__ == "__main__":
    main()

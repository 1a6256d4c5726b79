"""A sweep over a long history in S3 (moto): seconds, memory, requests; 20 actions are open.

moto serves from this process, so that the history can be put into its memory: over HTTP the
preparation would take minutes. What the sweep's own process takes is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import subprocess  # noqa: TID251 - the real command is measured
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ci_api_fixtures import run_ci_double
from moto_server import REGION, MotoServer
from purveyor import json_text
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = 20
ACCOUNT = "123456789012"  # moto's
# A small process between: a fork begins with its parent's size, and the kernel counts that too.
WEIGH = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]);"
    " used = resource.getrusage(resource.RUSAGE_CHILDREN);"
    " print(used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr);"
    " sys.exit(code)"
)
BUCKET = "history"


def main() -> None:
    """Measure one history after the other, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[1000, 10_000])
    for size in parser.parse_args().sizes:
        with tempfile.TemporaryDirectory() as name:
            measure(size, Path(name))


def measure(size: int, folder: Path) -> None:
    """Fill a bucket with `size` attempts, all but a few closed; sweep; print what it took."""
    with (
        contextlib.chdir(folder),  # moto's recording lies in the working directory
        serve_moto() as moto,
        Emulator.running() as platform,
        run_ci_double() as github,
    ):
        moto.make_bucket(BUCKET)
        fill(platform, size)
        for run in range(OPEN):
            github.github_run("completed", conclusion="cancelled", run=run)
        backend = {"type": "s3", "bucket": BUCKET, "region": REGION}
        (folder / "purveyor.yaml").write_text(json_text.write({"version": 1, "backend": backend}))
        environ = {
            **moto.environment(),
            **platform.environment(),
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": "t0ken",
            "PURVEYOR_DEAD_AFTER": "0",  # the store tells that all this was written just now
        }
        began = time.monotonic()
        with moto.recording() as requests:
            done = subprocess.run(
                [sys.executable, "-c", WEIGH, sys.executable, "-m", "purveyor", "sweep"],
                cwd=folder,
                env=environ,
                capture_output=True,
                text=True,
                check=False,
            )
        seconds = time.monotonic() - began
        told = done.stdout.count("RUNNER_LOST")
        worked, memory = map(float, done.stderr.split()[-2:])
        sys.stdout.write(
            f"{size} attempts, {OPEN} open: {seconds:.1f} s, of which it worked {worked:.1f} s,"
            f" {len(requests)} requests to S3, at most {memory / 1024:.0f} MiB, {told} ended,"
            f" exit code {done.returncode}\n"
        )


@contextlib.contextmanager
def serve_moto() -> Iterator[MotoServer]:
    """Serve an empty moto from this process."""
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request otherwise
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    s3_backends.reset()  # what an earlier size left
    try:
        yield MotoServer(f"http://127.0.0.1:{server.get_host_and_port()[1]}")
    finally:
        server.stop()


def fill(platform: Emulator, size: int) -> None:
    """Put the journal of `size` actions, as runs write it, into moto's memory."""
    from moto.s3.models import s3_backends

    store = s3_backends[ACCOUNT]["aws"]

    def put(key: str, document: object) -> None:
        store.put_object(BUCKET, key, value=json_text.write(document).encode())

    for number in range(size):
        is_open = number < OPEN
        action, entity = (
            request(platform) if is_open else (f"action-{number:06}", f"service-{number:06}")
        )
        place = f"journal/actions/{action}/1"
        put(f"{place}/begin.json", begin_of(action, entity, number))
        if is_open:
            put(f"journal/open/{action}", "x 1")
        else:
            put(f"{place}/end.json", {"at": 2.0, "status": "success", "reason": "DONE"})
            put(f"{place}/heard.json", {})


def request(platform: Emulator) -> tuple[str, str]:
    """Ask for a new service; return the ids of the action and of the service."""
    entity = str(platform.create_service("mysql-database")["id"])
    sent = platform.request_action(entity, "create", {"database_name": "orders"})
    inner = sent["notification"]
    return str(inner["id"]) if isinstance(inner, dict) else "", entity


def begin_of(action: str, entity: str, number: int) -> dict[str, object]:
    """Return the begin of an attempt that ran on GitHub long ago."""
    return {
        "action": action,
        "attempt": 1,
        "digest": "d",
        "kind": "service",
        "entity": entity,
        "service": entity,
        "operation": "create",
        "state_key": "",
        "identity": {
            "ci": "github",
            "run": str(number),
            "attempt": 1,
            "url": "https://github.com/acme/infra",
            "project": "acme/infra",
            "host": "runner",
        },
        "at": 1.0,
    }


if __name__ == "__main__":
    main()

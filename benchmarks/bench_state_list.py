"""Measure `purveyor state list` over many states: a folder, and S3 as moto plays it.

`python benchmarks/bench_state_list.py [COUNT]`, by default 100,000. Promised: all within 60 s and
300 MB, the first row within 1 s.
"""

from __future__ import annotations

import logging
import os
import subprocess  # noqa: TID251 - the first row's moment and the memory are the child's own
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COUNT = 100_000
_STATE = '{"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": []}'
_LOOK_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds to the first row, to the last one, of our own work; the most memory in MiB."""

    rows: int
    first: float
    total: float
    busy: float
    memory: float


def keys(count: int) -> Iterator[str]:
    """Yield as many keys as wanted."""
    return (f"services/{number:08x}-0000/orders-{number}.tfstate" for number in range(count))


def measure(catalog: Path, environment: Mapping[str, str]) -> Measured:
    """List the states of a catalog in a fresh process."""
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "purveyor", "state", "list"],
        cwd=catalog,
        env=dict(environment),
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None  # noqa: S101 - for the type checker
    child.stdout.readline()
    first = time.perf_counter() - begun
    rows, memory = 1, 0.0
    for _ in child.stdout:
        rows += 1
        if rows % _LOOK_EVERY == 0:
            memory = max(memory, _peak(child.pid))
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"the command ended with {child.returncode}")
    total = time.perf_counter() - begun
    return Measured(rows, first, total, usage.ru_utime + usage.ru_stime, memory)


def _peak(pid: int) -> float:
    """Return the most memory so far in MiB; `ru_maxrss` would count ours before the exec, too."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def in_folder(root: Path, count: int) -> Measured:
    """Measure a folder."""
    _write_catalog(root, {"type": "local", "path": "states"})
    for key in keys(count):
        path = root / "states" / key
        path.parent.mkdir(parents=True)
        path.write_text(_STATE)
    return measure(root, read_settings().for_children())


def in_bucket(root: Path, count: int) -> Measured:
    """Measure a bucket; the states are put into moto's memory, not through its door."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    bucket = {"type": "s3", "bucket": "states", "region": "us-east-1"}
    _write_catalog(root, bucket)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        store = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        store.create_bucket("states", "us-east-1")
        for key in keys(count):
            store.put_object("states", key, _STATE.encode())
        host, port = server.get_host_and_port()
        reach = {
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        }
        return measure(root, {**read_settings().for_children(), **reach})
    finally:
        server.stop()


def _write_catalog(root: Path, backend: Mapping[str, str]) -> None:
    root.mkdir()
    (root / "purveyor.yaml").write_text(json_text.write({"version": 1, "backend": backend}))


def main() -> None:
    """Print a line a place."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT
    with tempfile.TemporaryDirectory() as folder:
        for name, place in (("folder", in_folder), ("S3 (moto)", in_bucket)):
            done = place(Path(folder) / name[:2], count)
            print(  # noqa: T201 - its job
                f"{name:<10} {done.rows} states: first row {done.first:.2f} s,"
                f" all {done.total:.1f} s ({done.busy:.1f} s of work), {done.memory:.0f} MiB"
            )


if __name__ == "__main__":
    main()

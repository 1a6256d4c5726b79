"""Measure `purveyor state list` over many states: a folder, S3 as moto plays it, MinIO.

`python benchmarks/bench_state_list.py [COUNT [PLACE]]`, by default 100,000 and every place
(`folder`, `moto`, `minio`). Promised: all within 60 s and 300 MB, the first row within 1 s. Beside
each bucket stands what boto3 alone needs to turn the same pages: moto sorts all keys anew for each.
MinIO needs `make tools`, and `tests` on the path of modules.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import subprocess  # noqa: TID251 - the first row's moment and the memory are the child's own
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_COUNT = 100_000
_STATE = '{"version": 4, "serial": 1, "lineage": "l", "outputs": {}, "resources": []}'
_LOOK_EVERY = 1000
_BARE = """
import boto3
pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket="states")
print(sum(len(page.get("Contents", [])) for page in pages), file=open("/dev/null", "w"))
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds to the first row, to the last one, of our own work; the most memory in MiB.

    `bare` is how many seconds boto3 alone needs for the same pages.
    """

    rows: int
    first: float
    total: float
    busy: float
    memory: float
    bare: float | None = None


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


def in_moto(root: Path, count: int) -> Measured:
    """Measure a bucket; the states are put into moto's memory, not through its door."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        store = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        store.create_bucket("states", "us-east-1")
        for key in keys(count):
            store.put_object("states", key, _STATE.encode())
        host, port = server.get_host_and_port()
        access = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        return _in_bucket(root, f"http://{host}:{port}", access)
    finally:
        server.stop()


def in_minio(root: Path, count: int) -> Measured:
    """Measure a bucket of a real store; its states come in through its door."""
    from minio_server import run_minio
    from real_programs import look_around

    program = look_around(read_settings()).minio
    if program is None:
        sys.exit("MinIO is missing: `make tools` builds it")
    folder = root.with_name("minio-data")
    folder.mkdir()
    with run_minio(program, folder) as server:
        client = server.s3()
        client.create_bucket(Bucket="states")
        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(
                lambda key: client.put_object(Bucket="states", Key=key, Body=_STATE.encode()),
                keys(count),
            ):
                pass
        return _in_bucket(root, server.url, server.environment())


def _in_bucket(root: Path, url: str, access: Mapping[str, str]) -> Measured:
    place = {"type": "s3", "bucket": "states", "region": "us-east-1", "endpoint": url}
    _write_catalog(root, place)
    environment = {**read_settings().for_children(), **access, "AWS_ENDPOINT_URL": url}
    bare = _bare(environment)
    return dataclasses.replace(measure(root, environment), bare=bare)


def _bare(environment: Mapping[str, str]) -> float:
    """Return how long boto3 alone needs, in a fresh process."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", _BARE], env={**environment, "AWS_REGION": "us-east-1"}, check=True
    )
    return time.perf_counter() - begun


def _write_catalog(root: Path, backend: Mapping[str, str]) -> None:
    root.mkdir()
    (root / "purveyor.yaml").write_text(json_text.write({"version": 1, "backend": backend}))


_PLACES: dict[str, Callable[[Path, int], Measured]] = {
    "folder": in_folder,
    "moto": in_moto,
    "minio": in_minio,
}


def main() -> None:
    """Print a line a place."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[2:] or _PLACES:
            done = _PLACES[name](Path(folder) / name, count)
            bare = f", boto3 alone {done.bare:.1f} s" if done.bare is not None else ""
            print(  # noqa: T201 - its job
                f"{name:<7} {done.rows} rows: first {done.first:.2f} s,"
                f" all {done.total:.1f} s ({done.busy:.1f} s of work), {done.memory:.0f} MiB{bare}"
            )


if __name__ == "__main__":
    main()

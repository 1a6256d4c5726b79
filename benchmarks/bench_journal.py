"""What a create's journal costs, by store: calls, and milliseconds in them (medians).

`PYTHONPATH=tests:benchmarks python benchmarks/bench_journal.py [local] [s3] [pg]`
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess  # noqa: TID251 - the real command is measured
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from run_stage import LOCAL, set_up

from moto_server import REGION, run_moto
from postgres_server import run_postgres
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from run_stage import Stage

BUCKET = "journal"
SCHEMA = "states"
CLOCK = Path(__file__).with_name("journal_clock.py")


def main() -> None:
    """Measure one store after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="*", default=["local", "s3", "pg"])
    parser.add_argument("--rounds", type=int, default=7)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, set_up(Path(name)) as stage:
        (stage.folder / "module").mkdir()
        (stage.folder / "module" / "main.tf").write_text(LOCAL)
        for store in wanted.stores:
            with opened(store, stage.folder) as (backend, reach):
                measure(stage, store, backend, reach, wanted.rounds)


@contextlib.contextmanager
def opened(store: str, folder: Path) -> Iterator[tuple[dict[str, str], Mapping[str, str]]]:
    """Yield a catalog's backend, and the environment that reaches it."""
    if store == "s3":
        with run_moto(folder) as moto:
            moto.make_bucket(BUCKET)
            yield {"type": "s3", "bucket": BUCKET, "region": REGION}, moto.environment()
    elif store == "pg":
        with run_postgres() as server:
            server.make_table(SCHEMA)
            yield {"type": "pg", "schema_name": SCHEMA}, {"PG_CONN_STR": server.address()}
    else:
        yield {"type": "local", "path": "states"}, {}


def measure(
    stage: Stage, store: str, backend: dict[str, str], reach: Mapping[str, str], rounds: int
) -> None:
    """Create again and again, each a service of its own; print one line, and one for each call."""
    catalog = stage.folder / f"{store}.yaml"
    services = {"sqs-queue": {"module": "module"}}
    document = {"version": 1, "backend": backend, "services": services}
    catalog.write_text(json_text.write(document))
    runs = [create(stage, catalog, reach) for _ in range(rounds + 1)][1:]
    whole = statistics.median(sum(each[2] for each in calls) for calls in runs)
    first = statistics.median(calls[0][2] for calls in runs)
    sys.stdout.write(
        f"{store}: {len(runs[-1])} calls, {whole:.1f} ms; of these the first one, which connects,"
        f" {first:.1f} ms\n"
    )
    for number, (name, path, _) in enumerate(runs[-1]):
        took = statistics.median(calls[number][2] for calls in runs if len(calls) > number)
        sys.stdout.write(f"  {took:6.2f} ms  {name:6} {show(path)}\n")


def create(stage: Stage, catalog: Path, reach: Mapping[str, str]) -> list[tuple[str, str, float]]:
    """Run one create; return its journal's calls."""
    notification = stage.order(queue_name="q")
    done = subprocess.run(
        [sys.executable, CLOCK, "run", "--context", "-", "--catalog", catalog],
        cwd=stage.folder,
        env={**stage.environment, **reach},
        input=json_text.write(notification),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    told = json_text.parse(done.stderr.splitlines()[-1])
    assert isinstance(told, list)  # noqa: S101 - what the clock writes
    calls = [each for each in told if isinstance(each, list)]
    return [(str(name), str(path), float(str(took))) for name, path, took in calls]


def show(path: str) -> str:
    """Return a path without its ids."""
    return "/".join("…" if len(part) > 20 else part for part in path.split("/"))  # noqa: PLR2004 - an id's length


if __name__ == "__main__":
    main()

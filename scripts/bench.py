"""Measure what a run pays besides its engine: starting up, and finding the engine.

`make bench`. Times are wall-clock milliseconds: best and median of ten fresh processes.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from purveyor import process
from purveyor.settings import read_settings

_ROUNDS = 10
_FIND = """
from purveyor.engines.binary import find_engine
from purveyor.settings import read_settings
from purveyor.step import EngineRequirement
find_engine(EngineRequirement(""), read_settings())
"""


def measured() -> dict[str, list[float]]:
    """Return each case's times in milliseconds."""
    python = sys.executable
    environment = read_settings().for_children()
    with tempfile.TemporaryDirectory() as empty:
        fresh = {**environment, "PURVEYOR_CACHE": empty}
        cases = {
            "python alone": ((python, "-c", ""), environment),
            "purveyor --help": ((python, "-m", "purveyor", "--help"), environment),
            "find the engine, remembered": ((python, "-c", _FIND), environment),
            "find the engine, asked": ((python, "-c", _FIND), fresh),
        }
        return {
            name: [_once(argv, env, Path(empty)) for _ in range(_ROUNDS)]
            for name, (argv, env) in cases.items()
        }


def _once(argv: tuple[str, ...], environment: dict[str, str], fresh: Path) -> float:
    (fresh / "engines" / "versions.json").unlink(missing_ok=True)
    command = process.Command(argv, Path.cwd(), environment)
    started = time.perf_counter()
    done = process.run(command)
    if done.code != 0:
        sys.exit(f"{argv} ended with {done.code}: {done.stderr}")
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Print a line a case."""
    for name, times in measured().items():
        best, median = min(times), statistics.median(times)
        print(f"{name:<30} {best:7.1f} ms best  {median:7.1f} ms median")  # noqa: T201 - its job


if __name__ == "__main__":
    main()

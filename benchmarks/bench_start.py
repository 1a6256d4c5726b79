"""Measure what a CI job pays before its engine starts: set-up cold and warm, and the way there.

    .venv/bin/python benchmarks/bench_start.py [ROUNDS]

Times are wall-clock seconds, best and median. Cold means no libraries yet, the package index as
near as it is; `pip install` is the same lock in a fresh folder. The last case runs the example
catalog against the emulated platform, up to the first call of the engine.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.settings import read_settings
from purveyor_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(Path(sys.executable).resolve())
START = (PYTHON, "-I", str(ROOT / "setup" / "start.py"))
PIP = (PYTHON, "-I", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes")
LOCK = ("-r", str(ROOT / "requirements" / "run.txt"))
STAMP = """#!/bin/sh
[ -e "{stamp}" ] || : >"{stamp}"
exec "{engine}" "$@"
"""


def main() -> None:
    """Print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        for case, measure in cases(Path(name)).items():
            times = [measure() for _ in range(rounds)]
            print(f"{case:<48} {min(times):6.2f} {statistics.median(times):6.2f}")  # noqa: T201 - its job


def cases(folder: Path) -> dict[str, Callable[[], float]]:
    """Name what is measured; each call is one round."""
    environ = dict(read_settings().for_children())
    uv = ROOT / ".venv" / "bin"
    without = {**environ, "PATH": _path_without_uv(environ["PATH"])}
    with_uv = {**environ, "PATH": f"{uv}:{environ['PATH']}"}
    warm = folder / "warm"
    return {
        "pip install of the same lock": lambda: _fresh(
            folder, lambda new: timed((*PIP, "--target", str(new), *LOCK), without)
        ),
        "set-up cold, pip on the runner": lambda: _fresh(
            folder, lambda new: timed((*START, "--version"), _cached(without, new))
        ),
        "set-up cold, uv on the runner": lambda: _fresh(
            folder, lambda new: timed((*START, "--version"), _cached(with_uv, new))
        ),
        "set-up warm": lambda: timed((*START, "--version"), _cached(environ, warm)),
        "first step to first call of the engine, warm": lambda: first_call(
            folder, _cached(environ, warm)
        ),
    }


def timed(argv: tuple[str, ...], environ: dict[str, str]) -> float:
    """Run a program to its end; return seconds."""
    began = time.perf_counter()
    done = process.run(process.Command(argv, ROOT, environ))
    if done.code != 0:
        sys.exit(f"{argv} ended with {done.code}: {done.stderr}")
    return time.perf_counter() - began


def first_call(folder: Path, environ: dict[str, str]) -> float:
    """Run one action; return seconds from the start of the step to the engine's first call."""
    programs, stamp = folder / "programs", folder / "stamp"
    engine = next((path for n in ("terraform", "tofu") if (path := shutil.which(n))), None)
    if engine is None:
        sys.exit("no terraform and no tofu on PATH")
    programs.mkdir(exist_ok=True)
    program = programs / Path(engine).name
    program.write_text(STAMP.format(stamp=stamp, engine=engine), "utf-8")
    program.chmod(0o755)
    catalog = Path(shutil.copytree(ROOT / "examples" / "catalog", folder / "catalog"))
    with Emulator.running() as emulator:
        service = str(emulator.create_service("mysql-database", name="orders-db")["id"])
        context = folder / "context.json"
        create = emulator.request_action(service, "create", {"database_name": "orders"})
        context.write_text(json_text.write(create), "utf-8")
        told = {**environ, **emulator.environment(), "PATH": f"{programs}:{environ['PATH']}"}
        argv = (*START, "run", "--context", str(context), "--catalog", str(catalog))
        began = time.time()
        timed(argv, told)
    seconds = stamp.stat().st_mtime - began
    stamp.unlink()
    shutil.rmtree(catalog)
    return seconds


def _cached(environ: dict[str, str], cache: Path) -> dict[str, str]:
    return {**environ, "PURVEYOR_CACHE": str(cache)}


def _fresh(folder: Path, measure: Callable[[Path], float]) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as name:
        return measure(Path(name))


def _path_without_uv(path: str) -> str:
    return ":".join(each for each in path.split(":") if not Path(each, "uv").exists())


if __name__ == "__main__":
    main()

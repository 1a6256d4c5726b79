"""Plays many schedules on every core; tells the first failure as a short story."""

from __future__ import annotations

import argparse
import contextlib
import gc
import multiprocessing
import os
import sys
import time
from typing import TYPE_CHECKING

from simulator.bugs import BUGS
from simulator.play import play
from simulator.product import simulated
from simulator.schedule import make_schedule
from simulator.shrink import shrink

if TYPE_CHECKING:
    from collections.abc import Iterator

_AT_ONCE = 500


def search(seeds: range) -> tuple[int, int | None]:
    """Play schedules up to a first failure; return how many were played, and its seed."""
    gc.collect()
    gc.disable()  # each schedule drops all that it has made
    try:
        for seed in seeds:
            if play(make_schedule(seed)):
                return seed - seeds.start + 1, seed
    finally:
        gc.enable()
    return len(seeds), None


def tell(seed: int) -> str:
    """Return the story of a failing seed, shrunk; of one that fails not, all that happens."""
    schedule = make_schedule(seed)
    broken = play(schedule)
    story: list[str] = []
    if broken:
        schedule = shrink(schedule, broken)
    broken = play(schedule, story=story)
    lines = [f"Seed {seed}: {broken or 'no promise is broken.'}", *story]
    return "\n".join([*lines, "", f"Again: make simulate SEED={seed} N=1"])


def find_failure(first: int, count: int, workers: int) -> tuple[int, int | None]:
    """Play `count` schedules; return how many were played, and the seed of a failure."""
    end = first + count
    parts = [range(i, min(i + _AT_ONCE, end)) for i in range(first, end, _AT_ONCE)]
    played = 0
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for done, seed in pool.imap_unordered(search, parts):
            played += done
            if seed is not None:
                return played, seed
    return played, None


@contextlib.contextmanager
def planted(bug: str) -> Iterator[None]:
    """Simulate, with a bug where one is named."""
    with simulated(), BUGS[bug]() if bug else contextlib.nullcontext():
        yield


def main() -> int:
    """Play, and tell."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--bug", default="", choices=["", *BUGS])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    began = time.monotonic()
    with planted(wanted.bug):
        if wanted.count == 1:
            sys.stdout.write(tell(wanted.seed) + "\n")
            return 0
        played, seed = find_failure(wanted.seed, wanted.count, wanted.workers)
        seconds = time.monotonic() - began
        sys.stdout.write(
            f"{played} schedules in {seconds:.0f} s, {played / seconds:.0f} a second\n"
        )
        if seed is None:
            return 0
        sys.stdout.write(tell(seed) + "\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())

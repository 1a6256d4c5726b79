"""Measure what Purveyor adds to bare engines, and print one table.

`make bench`. The cases of a round run one after the other, so that a busy moment meets all of
them; the table shows medians, of time on the wall and of what processors did for it: the latter
stands where others use the machine. Without PURVEYOR_PLUGIN_MIRROR the AWS rows are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import platform
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from run_cases import AwsStates, LocalStates, Times, time_context, time_starts
from run_stage import Cost, set_up

from moto_server import run_moto
from purveyor import process
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from run_stage import Stage

Row = tuple[str, str, str, str, str, str]
_HEAD: Row = ("what", "ours", "beside it", "measured", "of processors", "goal")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="rounds of the quick cases")
    parser.add_argument("--aws-rounds", type=int, default=5, help="rounds of the AWS cases")
    wanted = parser.parse_args()
    mirror = read_settings().text("PURVEYOR_PLUGIN_MIRROR")
    with tempfile.TemporaryDirectory() as name, set_up(Path(name)) as stage:
        rows = _quick_rows(stage, wanted.rounds)
        if mirror:
            with run_moto(stage.folder) as moto:
                aws = AwsStates(stage, moto, Path(mirror))
                rows += _aws_rows(_repeat(stage, aws.time, wanted.aws_rounds))
        print(_describe(stage, wanted.rounds, wanted.aws_rounds))  # noqa: T201 - its job
        print()  # noqa: T201 - its job
        print(_table([_HEAD, *rows]))  # noqa: T201 - its job
    if not mirror:
        print("\nLeft out: the AWS rows, since PURVEYOR_PLUGIN_MIRROR names no plugin mirror.")  # noqa: T201 - its job


def _repeat(stage: Stage, time: Callable[[Stage], Times], rounds: int) -> Times:
    time(stage)  # once for what is only slow the first time
    found: dict[str, list[Cost]] = defaultdict(list)
    for _ in range(rounds):
        for name, took in time(stage).items():
            found[name].append(took)
    return {
        name: Cost(
            statistics.median(each.wall for each in costs),
            statistics.median(each.cpu for each in costs),
        )
        for name, costs in found.items()
    }


def _quick_rows(stage: Stage, rounds: int) -> list[Row]:
    starts = _repeat(stage, time_starts, rounds)
    local = _repeat(stage, LocalStates(stage).time, rounds)
    context = _repeat(stage, time_context, rounds)["context"]
    added = local["ours"].wall - local["bare"].wall
    worked = local["ours"].cpu - local["bare"].cpu
    return [
        _ratio("`purveyor --version` : `python -c pass`", starts["--version"], starts["python"], 3),
        _ratio("`purveyor --help` : click alone", starts["--help"], starts["click"], 1.3),
        (
            "create, local state, reported : bare init, apply",
            _ms(local["ours"]),
            _ms(local["bare"]),
            f"+{added:.0f} ms",
            f"+{worked:.0f} ms",
            "+250 ms",
        ),
        (
            "a CONTEXT of 60 kB, parsed and checked",
            _ms(context),
            "",
            f"{context.wall:.1f} ms",
            f"{context.cpu:.1f} ms",
            "10 ms",
        ),
    ]


def _aws_rows(aws: Times) -> list[Row]:
    compared = (
        ("create, S3 and AWS : bare init, apply", "create", "bare", 1.06),
        ("update, guarded, S3 and AWS : bare init, plan, apply", "update", "bare", 1.06),
        ("create, S3 and AWS : the usual five calls", "create", "peers", 0.75),
        ("update, guarded, S3 and AWS : the usual five calls", "update", "peers", 0.75),
    )
    return [
        _ratio(what, aws[f"{verb} ours"], aws[f"{verb} {side}"], goal)
        for what, verb, side, goal in compared
    ]


def _ratio(what: str, ours: Cost, other: Cost, goal: float) -> Row:
    wall, cpu = ours.wall / other.wall, ours.cpu / other.cpu
    return (what, _ms(ours), _ms(other), f"{wall:.2f}x", f"{cpu:.2f}x", f"{goal:g}x")


def _ms(cost: Cost) -> str:
    return f"{cost.wall:.0f} ms"


def _describe(stage: Stage, rounds: int, aws_rounds: int) -> str:
    command = process.Command((str(stage.engine), "version"), stage.folder, stage.environment)
    engine = process.run(command).stdout.splitlines()[0]
    memory = "unknown"
    with contextlib.suppress(ValueError, OSError):
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    load = os.getloadavg()[0]
    return (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, Python {platform.python_version()},"
        f" {engine}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores,"
        f" {memory}; medians of {rounds} rounds, AWS of {aws_rounds}; load {load:.1f}."
    )


def _table(rows: list[Row]) -> str:
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

"""Cells whose engine lies, floods or has no memory: a program of its name before the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fault_deeds import Deed, opened, request_action
from fault_fixtures import Row, follow_up, wait_for_quiet

from purveyor_faultkit import limit_memory
from purveyor_faultkit.processes import find_engine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.engines.binary import EngineBinary

_REAL = 'exec {real} "$@"'
_GARBAGE = "head -c 100000 /dev/urandom"
_NOISE = "head -c 50000000 /dev/zero | tr '\\0' x; echo"
_LINE = '{"@level":"info","@message":"MESSAGE","type":"log"}'.replace("MESSAGE", "x" * 4000)
_FLOOD = f"yes '{_LINE}' | head -n 50000"
# The engine's commands that are hit, and what is done instead of them.
LIES: Mapping[str, tuple[str, str]] = {
    "garbage before each answer": ("*", f"{_GARBAGE}; {_REAL}"),
    "garbage before its work": ("apply | destroy", f"{_GARBAGE}; echo; {_REAL}"),
    "garbage on stderr": ("*", f"{_GARBAGE} >&2; {_REAL}"),
    "a line of 50 MB": ("apply | destroy", f"{_NOISE}; {_REAL}"),
    "200 MB in all": ("apply | destroy", f"{_FLOOD}; {_REAL}"),
    "works and says nothing": ("apply | destroy", f"{_REAL} >/dev/null 2>&1"),
    "says nothing, does nothing, ends well": ("apply | destroy", "exit 0"),
    "garbage, does nothing, ends well": ("apply | destroy", f"{_GARBAGE}; exit 0"),
    "works, then garbage and exit 99": (
        "apply | destroy",
        f'{{real}} "$@"; {_GARBAGE}; exit 99',
    ),
    "garbage for a state": ("state | show | output", f"{_GARBAGE}; exit 0"),
    "no memory to begin with": ("apply | destroy", f"ulimit -v 200000; {_REAL}"),
    "no memory for its preparing": ("init", f"ulimit -v 200000; {_REAL}"),
}


def engine_lies(
    folder: Path, environment: Mapping[str, str], deed: Deed, engine: EngineBinary, *, name: str
) -> Row:
    """A program named as the engine prints what it likes, and mostly calls the real one."""
    with opened(folder, environment) as harness:
        requested = request_action(harness, deed)
        commands, lie = LIES[name]
        program = folder / "lying" / engine.path.name
        program.parent.mkdir(parents=True)
        real = _REAL.format(real=engine.path)
        lie = lie.replace("{real}", str(engine.path))
        program.write_text(f'#!/bin/sh\ncase "$1" in\n{commands}) {lie} ;;\nesac\n{real}\n')
        program.chmod(0o755)
        started = harness.start(requested, PATH=f"{program.parent}:{environment['PATH']}")
        started.end(110)
        wait_for_quiet(started)
        return follow_up(harness, requested, (f"engine: {name}", "apply"), started, deed=deed)


def no_memory(folder: Path, environment: Mapping[str, str], deed: Deed, *, whose: str) -> Row:
    """The engine gets no more memory while it is at work, or the run does not."""
    with opened(folder, environment) as harness:
        requested = request_action(harness, deed)
        deed.early.shut(harness.resource_log)
        started = harness.start(requested)
        deed.early.await_line(harness, started)
        pid = find_engine(started.mark) if whose == "engine" else started.pid
        assert pid is not None
        limit_memory(pid)
        harness.resource_log.open()
        started.end(110)
        name = (f"no more memory for the {whose}", "apply")
        return follow_up(harness, requested, name, started, deed=deed)

"""Which signals ask a run to stop, sent to real processes."""

from __future__ import annotations

import signal
import subprocess  # noqa: TID251 - signals are for a process of its own
import sys

import pytest

WAITING = """
import signal, sys
from purveyor.interruption import Interruption, tell_signal
if sys.argv[1:]:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with Interruption().caught() as interruption:
    print("ready", flush=True)
    interruption.wait(20)
print(tell_signal(interruption.signal))
"""
# By man 7 signal, all whose default ends a process; faults of the process's own are left out.
ENDING = ["HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "TERM", "STKFLT", "XCPU", "VTALRM", "PROF"]
ENDING += ["IO", "PWR"]


def stopped_by(number: int, *arguments: str) -> tuple[int, str]:
    argv = [sys.executable, "-c", WAITING, *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        if arguments:
            child.send_signal(signal.SIGTERM)
        told, _ = child.communicate(timeout=30)
    return child.returncode, told.strip()


@pytest.mark.parametrize("name", [*ENDING, "RTMIN", "RTMIN+5"])
def test_every_signal_that_would_end_a_run_asks_it_to_stop(name: str) -> None:
    bare, _, further = name.partition("+")
    if not hasattr(signal, f"SIG{bare}"):
        pytest.skip("left out: this system has no such signal")
    number = getattr(signal, f"SIG{bare}") + int(further or 0)
    assert stopped_by(number) == (0, f"SIG{number}" if further else f"SIG{name}")


def test_a_signal_that_is_ignored_stays_so() -> None:
    assert stopped_by(signal.SIGHUP, "under nohup") == (0, "SIGTERM")

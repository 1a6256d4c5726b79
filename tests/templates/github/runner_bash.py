"""Stands in for `bash` under act: a cancelled step gets the signals GitHub's runner sends.

act kills a step at once. GitHub sends SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL, all to the
one process it started, and runs the next step when that has ended (actions/runner, ProcessInvoker).
A supervisor outlives the kill, does so, and holds a lock that the next step waits for.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess  # noqa: TID251 - it is a program of its own
import sys
import threading
from pathlib import Path

BASH = os.environ["RUNNER_REAL_BASH"]  # noqa: TID251 - see above
FOLDER = Path(os.environ["RUNNER_STAND_IN"])  # noqa: TID251 - see above
STEPS = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 0.0))


def main() -> None:
    """Start the supervisor, wait for the step's exit code, and pass it on."""
    lock = (FOLDER / "lock").open("ab")
    fcntl.flock(lock, fcntl.LOCK_EX)
    code_read, code_write = os.pipe()
    life_read, life_write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(life_write)
        os.close(code_read)
        supervise(life_read, code_write)
        os._exit(0)
    lock.close()  # the supervisor's copy holds it on
    os.close(code_write)
    told = os.read(code_read, 16)
    sys.exit(int(told or b"137"))


def supervise(life: int, answer: int) -> None:
    """Run the step; signal it when the one who started it is gone."""
    child = subprocess.Popen(
        [BASH, *sys.argv[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    threading.Thread(target=cancel_when_gone, args=(child, life), daemon=True).start()
    assert child.stdout
    with (FOLDER / "output").open("ab") as kept:
        while data := os.read(child.stdout.fileno(), 65536):
            kept.write(data)
            kept.flush()
            try:
                os.write(1, data)
            except OSError:
                continue
    code = child.wait()
    with contextlib.suppress(OSError):
        os.write(answer, str(code if code >= 0 else 128 - code).encode())


def cancel_when_gone(child: subprocess.Popen[bytes], life: int) -> None:
    """Wait for the other end to close; then signal in GitHub's order."""
    os.read(life, 1)
    for number, patience in STEPS:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue


main()
